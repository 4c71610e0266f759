//! An explanation for people: 80 columns, a name and what it is, the course below.
//!
//! Invariant: no line is longer than `WIDTH` unless a single word is; every number is the journal's own.
//! Absent on purpose: colours, which a pipe would not want.

use super::clock;
use crate::domain::{Money, Span};
use crate::engine::TradeRecord;
use crate::engine::strategy::council::Vote;
use crate::runtime::explanation::{Account, Checks, Ending, Explanation, Line, OrderAccount};

pub const WIDTH: usize = 80;
/// Where what is said of a name begins.
const COLUMN: usize = 12;

pub fn told(explanation: &Explanation) -> String {
    let mut page = Page::default();
    match explanation {
        Explanation::Decisions(accounts) => {
            for (at, told) in accounts.iter().enumerate() {
                page.gap(at > 0);
                account(&mut page, told);
            }
        }
        Explanation::Order(told) => order(&mut page, told),
        Explanation::Switches(lines) if lines.is_empty() => page.line("Nothing was switched, halted or resumed."),
        Explanation::Switches(lines) => course(&mut page, lines, 0, None),
    }
    page.text
}

fn order(page: &mut Page, told: &OrderAccount) {
    let sent = &told.order.sent;
    let of_list = if sent.legs.is_empty() || told.order.id == sent.id {
        String::new()
    } else {
        format!(" of the list {}", sent.id)
    };
    let what =
        if told.order.id == sent.id && !sent.legs.is_empty() { "stop and target" } else { sent.purpose.as_str() };
    page.line(&format!("Order {}{of_list}, {} {what}", told.order.id, told.symbol));
    course(page, &told.lines, told.omitted, None);
    page.gap(true);
    match &told.decision {
        Some(decision) => {
            page.line("It carries out this decision:");
            page.gap(true);
            account(page, decision);
        }
        None => page.line("No decision of this journal asked for it."),
    }
}

fn account(page: &mut Page, account: &Account) {
    let decision = &account.decision;
    let price = decision.price.map_or_else(String::new, |price| format!(" at {price}"));
    let close = clock(decision.time, None);
    page.line(&format!("#{} {}, bar closed {close} UTC{price}", decision.number, account.symbol));
    page.row("verdict", &decision.verdict.to_string());
    regime(page, account);
    page.row("wanted", &decision.signal.to_string());
    votes(page, &decision.votes);
    band(page, account);
    sizing(page, account);
    costs(page, account);
    checks(page, account);
    page.gap(true);
    if account.lines.is_empty() {
        page.line("Nothing followed of it.");
    } else {
        page.line("What followed:");
        course(page, &account.lines, account.omitted, Some(decision.time.day()));
    }
    page.row("ended", &ending(account));
}

fn regime(page: &mut Page, account: &Account) {
    let grounds = &account.grounds;
    let text = match (account.decision.regime, grounds.regime_since) {
        (Some(regime), Some(since)) => format!("{regime}, in force since {} UTC", clock(since, None)),
        (Some(regime), None) => format!("{regime}, in force since before the first bar"),
        (None, _) if account.decision.votes.is_empty() => {
            format!("not asked: the strategy {} is pinned", grounds.strategy.as_str())
        }
        (None, _) => "not known yet, so only flat may speak".to_owned(),
    };
    page.row("regime", &text);
    if let Some(switch) = grounds.market {
        page.row("market", &format!("{switch} ({} UTC)", clock(switch.time, None)));
    }
}

fn votes(page: &mut Page, votes: &[Vote]) {
    if votes.is_empty() {
        return;
    }
    page.row("votes", "           wants  weight  prior   share");
    for vote in votes {
        let (name, target) = (vote.strategy.as_str(), vote.target);
        page.row(
            "",
            &format!("{name:<10} {target:>+5.2}   {:.3}   {:.2}   {:.3}", vote.weight, vote.prior, vote.share),
        );
        page.deeper(&vote.reason.to_string());
    }
    let blend: f64 = votes.iter().map(|vote| vote.share * vote.target).sum();
    page.row("blend", &format!("{blend:+.2}: what each wants, times its share"));
}

fn band(page: &mut Page, account: &Account) {
    let (decision, band) = (&account.decision, account.grounds.band.to_f64());
    let (held, wanted, settled) = (decision.held, decision.signal.target.clamp(0.0, 1.0), decision.settled);
    let outcome = if wanted == held {
        "no change is wanted".to_owned()
    } else if settled == held {
        "the change is inside the band, so it stays".to_owned()
    } else {
        format!("beyond the band, so it goes to {settled:.2}")
    };
    page.row("band", &format!("exposure {held:.2}, wanted {wanted:.2}, no-trade band {band:.2}: {outcome}"));
    page.row("held", &format!("{} {}", decision.quantity_held, account.base));
}

fn sizing(page: &mut Page, account: &Account) {
    let quote = &account.quote;
    for (at, step) in account.decision.sizing.iter().enumerate() {
        if at == 0 {
            page.row("size", &format!("{:<22} {:>10.2} {quote}", "equity", account.grounds.equity));
        }
        page.row("", &format!("x {:<12} {:>7.4} {:>10.2} {quote}", step.name, step.factor, step.notional));
    }
    if account.decision.sizing.is_empty() && account.decision.verdict.bought().is_some() {
        page.row("size", &format!("out of an equity of {:.2} {quote}", account.grounds.equity));
    }
}

fn costs(page: &mut Page, account: &Account) {
    let points = account.grounds.side_cost.to_f64() * 1e4;
    let quote = &account.quote;
    let text = match account.cost() {
        Some(cost) => {
            let both = cost.saturating_add(cost);
            format!("{points:.1} bp a side: about {cost:.2} {quote} now, {both:.2} {quote} in and out")
        }
        None => format!("{points:.1} bp a side, were there a trade"),
    };
    page.row("costs", &text);
}

fn checks(page: &mut Page, account: &Account) {
    let quote = &account.quote;
    let amount = |worth: &Option<Money>| worth.map_or_else(|| "?".to_owned(), |worth| format!("{worth:.2} {quote}"));
    let text = match &account.checks {
        Checks::NotAsked => "none asked for: no entry was wanted".to_owned(),
        Checks::Passed { worth, minimum } => format!(
            "passed: gates, cash, the venue's filters, protection; worth {}, at least {minimum:.2} {quote}",
            amount(worth)
        ),
        Checks::Failed { reason, nearest: None } => format!("failed: {reason}"),
        Checks::Failed { reason, nearest: Some(nearest) } => {
            let (quantity, base) = (nearest.quantity, &account.base);
            format!("failed: {reason}; the nearest legal order is {quantity} {base}, worth {}", amount(&nearest.worth))
        }
    };
    page.row("checks", &text);
}

fn ending(account: &Account) -> String {
    match &account.ending {
        Ending::JournalEnds => "the journal ends here".to_owned(),
        Ending::TradeClosed { trade } => closed(trade, account),
        Ending::NextDecision { number, time, verdict } => {
            format!("with #{number} at {}: {verdict}", clock(*time, Some(account.decision.time.day())))
        }
    }
}

fn closed(trade: &TradeRecord, account: &Account) -> String {
    let minutes = trade.closed.since(trade.opened).0 / Span::MINUTE.0;
    let (by, quote) = (trade.exit_by.as_str(), &account.quote);
    format!(
        "the trade closed by {by} after {minutes} min: PnL {:+.2} {quote}, of which fees {:.2} {quote}",
        trade.pnl, trade.fees
    )
}

/// A line each; `day` needs no date.
fn course(page: &mut Page, lines: &[Line], omitted: u64, day: Option<i64>) {
    for line in lines {
        page.entry(&clock(line.time, day), &line.text);
    }
    if omitted > 0 {
        page.entry("", &format!("and {omitted} more"));
    }
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn gap(&mut self, is_wanted: bool) {
        if is_wanted {
            self.text.push('\n');
        }
    }

    fn line(&mut self, text: &str) {
        self.wrapped("", 2, text);
    }

    fn row(&mut self, name: &str, text: &str) {
        self.wrapped(&format!("  {name:<width$}", width = COLUMN - 2), COLUMN, text);
    }

    fn deeper(&mut self, text: &str) {
        self.wrapped(&" ".repeat(COLUMN + 2), COLUMN + 2, text);
    }

    fn entry(&mut self, time: &str, text: &str) {
        let head = format!("  {time:<8}  ");
        self.wrapped(&head, head.chars().count(), text);
    }

    /// Behind `head`; what does not fit goes on at `indent`. Spaces within a line stay as they are.
    fn wrapped(&mut self, head: &str, indent: usize, text: &str) {
        let mut line = head.to_owned();
        let mut is_empty = true;
        for word in text.split(' ') {
            let (taken, more) = (line.chars().count(), word.chars().count() + usize::from(!is_empty));
            if !is_empty && taken + more > WIDTH {
                self.end(&line);
                line = " ".repeat(indent);
                is_empty = true;
            }
            if !is_empty {
                line.push(' ');
            }
            line.push_str(word);
            is_empty = false;
        }
        self.end(&line);
    }

    fn end(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::{Page, WIDTH};

    #[test]
    fn long_texts_go_on_below_their_beginning_and_words_stay_whole() {
        let mut page = Page::default();
        page.row("name", &"word ".repeat(40));
        page.row("", "a   table");
        page.entry("06:31:00", &"x".repeat(100));
        let lines: Vec<&str> = page.text.lines().collect();
        assert!(lines[0].starts_with("  name      word word") && lines[1].starts_with("            word"), "{lines:?}");
        assert!(lines[..lines.len() - 1].iter().all(|line| line.chars().count() <= WIDTH), "{lines:?}");
        assert_eq!(lines[lines.len() - 2], "            a   table");
        assert!(lines[lines.len() - 1].ends_with(&"x".repeat(100)), "a word is never cut");
        assert_eq!(page.text.matches("word").count(), 40);
    }
}
