//! The one table of texts: every word that the screen shows, by language.
//!
//! Invariant: views take words from here only, so that a language is one more constant of `Texts`.
//! Absent on purpose: numbers and dates (`format`), and sentences of notices, which the engine's `Display` makes.

use super::format::width as width_of;
use crate::engine::settings::StrategyName;
use crate::engine::{Notice, Snapshot};

/// All words of one language. `{0}`, `{1}` stand for what `fill` puts in.
#[derive(Debug)]
pub struct Texts {
    pub too_small: &'static str,
    pub waiting: &'static str,

    pub paused: &'static str,
    pub halted: &'static str,
    pub no_entries: &'static str,
    pub half_size: &'static str,
    pub locked: &'static str,
    pub equity: &'static str,
    pub day: &'static str,
    pub drawdown_short: &'static str,
    pub link: &'static str,
    pub link_live: &'static str,
    pub link_down: &'static str,
    pub link_connecting: &'static str,
    pub memory: &'static str,
    pub ended: &'static str,

    pub balances: &'static str,
    pub more: &'static str,
    pub pnl: &'static str,
    pub win_rate: &'static str,
    pub drawdown: &'static str,
    pub chart: &'static str,
    pub orders: &'static str,
    pub fills: &'static str,
    pub trades: &'static str,
    pub strategies: &'static str,
    pub desk: &'static str,
    pub log: &'static str,

    pub free: &'static str,
    pub total: &'static str,
    pub realised: &'static str,
    pub unrealised: &'static str,
    pub fees: &'static str,
    pub won: &'static str,
    pub lost: &'static str,
    pub now: &'static str,
    pub worst: &'static str,
    pub by_day: &'static str,
    pub no_trades: &'static str,
    pub last_trade: &'static str,
    pub no_orders: &'static str,
    pub no_fills: &'static str,
    pub no_log: &'static str,
    pub no_bars: &'static str,
    pub none: &'static str,
    pub too_short: &'static str,

    pub column_time: &'static str,
    pub column_symbol: &'static str,
    pub column_purpose: &'static str,
    pub column_side: &'static str,
    pub column_type: &'static str,
    pub column_quantity: &'static str,
    pub column_price: &'static str,
    pub column_filled: &'static str,
    pub column_state: &'static str,
    pub column_fee: &'static str,
    pub column_entry: &'static str,
    pub column_exit: &'static str,
    pub column_pnl: &'static str,
    pub column_by: &'static str,

    pub buy: &'static str,
    pub sell: &'static str,
    pub last: &'static str,
    pub entry: &'static str,
    pub exit: &'static str,
    pub stop: &'static str,
    pub target: &'static str,

    pub desk_flat: &'static str,
    pub desk_entering: &'static str,
    pub desk_holding: &'static str,
    pub desk_leaving: &'static str,
    pub wants: &'static str,
    pub because: &'static str,
    pub no_decision: &'static str,
    pub held_bars: &'static str,
    pub waits_paused: &'static str,
    pub waits_stale: &'static str,
    pub waits_fresh: &'static str,
    pub waits_refused: &'static str,
    pub unprotected: &'static str,
    pub active: &'static str,
    pub pinned: &'static str,
    pub automatic: &'static str,
    pub automatic_none: &'static str,
    pub shares_column: &'static str,
    pub learnt_column: &'static str,
    pub prior_column: &'static str,
    pub wants_column: &'static str,
    pub strategy_column: &'static str,
    pub shares_over: &'static str,
    pub about_auto: &'static str,
    pub about_trend: &'static str,
    pub about_reversal: &'static str,
    pub about_breakout: &'static str,
    pub about_trees: &'static str,
    pub about_temporal: &'static str,
    pub about_flat: &'static str,
    pub label_regime: &'static str,
    pub label_event: &'static str,
    pub label_shock: &'static str,
    pub label_lock: &'static str,
    pub label_work: &'static str,
    pub label_ended: &'static str,
    pub label_stop: &'static str,
    pub label_refused: &'static str,
    pub label_mood: &'static str,
    pub regime_since: &'static str,
    pub regime_unknown: &'static str,
    pub regime_unwatched: &'static str,
    pub regime_decides: &'static str,
    pub regime_waits: &'static str,
    pub regime_pinned: &'static str,
    pub event_ago: &'static str,
    pub no_event: &'static str,
    pub shock_none: &'static str,
    pub shock_halted: &'static str,
    pub shock_half: &'static str,
    pub shock_holds: &'static str,
    pub shock_hand: &'static str,
    pub shock_waits: &'static str,
    pub shock_rearm: &'static str,
    pub lock_all: &'static str,
    pub no_work: &'static str,
    pub work_done: &'static str,
    pub work_slices: &'static str,
    pub work_child: &'static str,
    pub work_at: &'static str,
    pub work_reprices: &'static str,
    pub work_arrival: &'static str,
    pub work_twap: &'static str,
    pub work_vwap: &'static str,
    pub work_bps: &'static str,
    pub work_expected: &'static str,
    pub work_next: &'static str,
    pub work_until: &'static str,
    pub no_stop: &'static str,
    pub stop_at: &'static str,
    pub target_at: &'static str,
    pub stop_trails: &'static str,
    pub stop_raised: &'static str,
    pub stop_fixed: &'static str,
    pub stop_missing: &'static str,
    pub stop_off: &'static str,
    pub stop_taken_off: &'static str,
    pub no_refusal: &'static str,
    pub no_mood: &'static str,
    pub mood_off: &'static str,
    pub mood_together: &'static str,
    pub mood_lost: &'static str,
    pub mood_fresh: &'static str,
    pub mood_waiting: &'static str,
    pub mood_stale: &'static str,
    pub mood_failing: &'static str,

    pub invest: &'static str,
    pub stop_loss: &'static str,
    pub take_profit: &'static str,
    pub min_trade: &'static str,
    pub stop_multiple: &'static str,
    pub volatility_target: &'static str,
    pub daily_loss: &'static str,
    pub urgency: &'static str,
    pub execution_minutes: &'static str,
    pub about_stop_multiple: &'static str,
    pub about_volatility_target: &'static str,
    pub about_daily_loss: &'static str,
    pub about_urgency: &'static str,
    pub about_execution_minutes: &'static str,
    pub unit_year: &'static str,
    pub unit_minutes: &'static str,
    pub editor_title: &'static str,
    pub editor_range: &'static str,
    pub range: &'static str,
    pub range_below: &'static str,
    pub range_whole: &'static str,
    pub editor_next: &'static str,
    pub editor_next_now: &'static str,
    pub editor_stop: &'static str,
    pub editor_target: &'static str,
    pub editor_refused: &'static str,
    pub editor_no_market: &'static str,
    pub editor_later: &'static str,
    pub not_a_number: &'static str,
    pub out_of_range: &'static str,
    pub saved: &'static str,
    pub undone: &'static str,
    pub not_saved: &'static str,
    pub nothing_to_undo: &'static str,

    pub ask_resume_title: &'static str,
    pub ask_resume: &'static str,
    pub ask_rearm_title: &'static str,
    pub ask_rearm_halted: &'static str,
    pub ask_rearm_half: &'static str,
    pub ask_rearm_locks: &'static str,
    pub ask_rearm_failing: &'static str,
    pub nothing_to_rearm: &'static str,
    pub ask_flatten_title: &'static str,
    pub ask_flatten: &'static str,
    pub flatten_worth: &'static str,
    pub flatten_cost: &'static str,
    pub flatten_pnl: &'static str,
    pub flatten_orders: &'static str,
    pub flatten_pauses: &'static str,
    pub nothing_held: &'static str,
    pub ask_cancel_title: &'static str,
    pub ask_cancel_protection: &'static str,
    pub ask_cancel_exit: &'static str,
    pub ask_quit_title: &'static str,
    pub ask_quit: &'static str,
    pub ask_strategy_title: &'static str,
    pub strategy_note: &'static str,
    pub help_title: &'static str,
    pub ended_title: &'static str,
    pub ended_finished: &'static str,
    pub ended_failed: &'static str,
    pub ended_result: &'static str,
    pub ended_short: &'static str,

    pub backtest_title: &'static str,
    pub backtest_title_running: &'static str,
    pub backtest_strategy: &'static str,
    pub backtest_trend: &'static str,
    pub backtest_position: &'static str,
    pub backtest_invest: &'static str,
    pub backtest_together: &'static str,
    pub backtest_fixed: &'static str,
    pub backtest_stop: &'static str,
    pub backtest_target: &'static str,
    pub backtest_costs: &'static str,
    pub backtest_fees: &'static str,
    pub backtest_impact: &'static str,
    pub backtest_participation: &'static str,
    pub backtest_markout: &'static str,
    pub backtest_latency: &'static str,
    pub backtest_in_bnb: &'static str,
    pub backtest_in_quote: &'static str,
    pub backtest_market: &'static str,
    pub backtest_generated: &'static str,
    pub backtest_recorded: &'static str,
    pub backtest_length: &'static str,
    pub backtest_bars: &'static str,
    pub backtest_days: &'static str,
    pub backtest_capital: &'static str,
    pub backtest_beside: &'static str,
    pub backtest_pace: &'static str,
    pub backtest_rate: &'static str,
    pub backtest_left: &'static str,
    pub backtest_measuring: &'static str,
    pub backtest_goes_on: &'static str,
    pub backtest_cancelled: &'static str,
    pub backtest_failed: &'static str,
    pub backtest_column_return: &'static str,
    pub backtest_column_sharpe: &'static str,
    pub backtest_buy_and_hold: &'static str,
    pub backtest_hidden: &'static str,
    pub backtest_won: &'static str,
    pub backtest_no_trades: &'static str,
    pub backtest_paid: &'static str,
    pub backtest_sharpe_hidden: &'static str,
    pub backtest_period: &'static str,
    pub backtest_took: &'static str,
    pub backtest_state: &'static str,
    pub backtest_other: &'static str,
    pub backtest_other_length: &'static str,
    pub backtest_past: &'static str,
    pub backtest_invented: &'static str,
    pub backtest_page_writing: &'static str,
    pub backtest_page_written: &'static str,
    pub backtest_page_opened: &'static str,
    pub backtest_done: &'static str,
    pub backtest_went_wrong: &'static str,

    pub first_run: &'static str,
    pub busy: &'static str,
    pub pauses_at_once: &'static str,
    pub no_run: &'static str,
    pub settings_picked_up: &'static str,
    pub settings_later: &'static str,
    pub market_generated: &'static str,
    pub market_elsewhere: &'static str,
    pub market_files: &'static str,
    pub max_speed: &'static str,

    pub place_panels: &'static str,
    pub place_question: &'static str,
    pub place_list: &'static str,
    pub place_help: &'static str,
    pub place_editor: &'static str,
    pub place_backtest: &'static str,
    pub place_ended: &'static str,

    pub hint_pause: &'static str,
    pub hint_strategies: &'static str,
    pub hint_edit: &'static str,
    pub hint_flatten: &'static str,
    pub hint_cancel: &'static str,
    pub hint_undo: &'static str,
    pub hint_help: &'static str,
    pub hint_panel: &'static str,
    pub hint_zoom: &'static str,
    pub hint_pin: &'static str,
    pub hint_halt: &'static str,
    pub hint_rearm: &'static str,
    pub hint_quit: &'static str,
    pub hint_yes: &'static str,
    pub hint_no: &'static str,
    pub hint_move: &'static str,
    pub hint_choose: &'static str,
    pub hint_close: &'static str,
    pub hint_field: &'static str,
    pub hint_save: &'static str,
    pub hint_leave: &'static str,
    pub hint_backtest: &'static str,
    pub hint_start: &'static str,
    pub hint_report: &'static str,
    pub hint_more: &'static str,
    pub hint_less: &'static str,
    pub hint_again: &'static str,
    pub hint_go_on: &'static str,
    pub hint_look: &'static str,

    pub help_pause: &'static str,
    pub help_strategies: &'static str,
    pub help_edit: &'static str,
    pub help_flatten: &'static str,
    pub help_cancel: &'static str,
    pub help_undo: &'static str,
    pub help_help: &'static str,
    pub help_next_panel: &'static str,
    pub help_previous_panel: &'static str,
    pub help_go_to: &'static str,
    pub help_zoom: &'static str,
    pub help_pin: &'static str,
    pub help_halt: &'static str,
    pub help_rearm: &'static str,
    pub help_up: &'static str,
    pub help_down: &'static str,
    pub help_left: &'static str,
    pub help_right: &'static str,
    pub help_page_up: &'static str,
    pub help_page_down: &'static str,
    pub help_first: &'static str,
    pub help_last: &'static str,
    pub help_longer: &'static str,
    pub help_shorter: &'static str,
    pub help_next_symbol: &'static str,
    pub help_previous_symbol: &'static str,
    pub help_quit: &'static str,
    pub help_end: &'static str,
    pub help_quit_end: &'static str,
    pub help_yes: &'static str,
    pub help_no: &'static str,
    pub help_choose: &'static str,
    pub help_close: &'static str,
    pub help_field_up: &'static str,
    pub help_field_down: &'static str,
    pub help_save: &'static str,
    pub help_leave: &'static str,
    pub help_backtest: &'static str,
    pub help_start: &'static str,
    pub help_cancel_backtest: &'static str,
    pub help_report: &'static str,
    pub help_more_bars: &'static str,
    pub help_fewer_bars: &'static str,
    pub help_close_backtest: &'static str,
    pub help_again: &'static str,
    pub help_go_on: &'static str,
    pub help_look: &'static str,
}

impl Texts {
    pub fn about(&self, strategy: StrategyName) -> &'static str {
        match strategy {
            StrategyName::Auto => self.about_auto,
            StrategyName::Trend => self.about_trend,
            StrategyName::Reversal => self.about_reversal,
            StrategyName::Breakout => self.about_breakout,
            StrategyName::Trees => self.about_trees,
            StrategyName::Temporal => self.about_temporal,
            StrategyName::Flat => self.about_flat,
        }
    }

    /// The sentence of a notice, with the symbol's name where there are several. English is what the engine says.
    pub fn notice(&self, notice: &Notice, snapshot: &Snapshot) -> String {
        let symbol = notice.symbol().filter(|_| snapshot.symbols.len() > 1);
        match symbol.and_then(|symbol| snapshot.symbols.get(symbol.index())) {
            Some(view) => format!("{} {notice}", view.symbol.as_str()),
            None => notice.to_string(),
        }
    }
}

/// Puts `parts` in the places of `{0}`, `{1}`, ...
pub fn fill(template: &str, parts: &[&str]) -> String {
    parts.iter().enumerate().fold(template.to_owned(), |text, (at, part)| text.replace(&format!("{{{at}}}"), part))
}

/// The text in lines of at most this width, broken at blanks; a word that is wider alone is broken anywhere.
pub fn wrapped(text: &str, width: u16) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map(std::mem::take).unwrap_or_default();
        let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if width_of(&joined) <= width {
            lines.pop();
            lines.push(joined);
            continue;
        }
        lines.pop();
        lines.extend((!line.is_empty()).then_some(line));
        lines.push(String::new());
        for c in word.chars() {
            let last = lines.last().map_or(0, |line| width_of(line));
            if last > 0 && last + width_of(c.encode_utf8(&mut [0; 4])) > width {
                lines.push(String::new());
            }
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines
}

pub const ENGLISH: Texts = super::english::ENGLISH;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_blanks_and_wide_words_anywhere() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrapped("", 5), [""]);
        assert_eq!(wrapped("가나다", 4), ["가나", "다"]);
    }

    #[test]
    fn parts_go_to_their_places() {
        assert_eq!(fill("{1} of {0}", &["ten", "one"]), "one of ten");
    }
}
