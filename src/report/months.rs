//! Returns by month and year, with buy-and-hold beneath.
//!
//! Invariant: the months of a year multiply to its return; a month counts the days that the run had in it.
//! Absent on purpose: months of a run that had none.

use super::Report;
use super::words::{self, escaped, percent, signed};
use crate::domain::{Span, Time};
use crate::performance::DailyReturn;

const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Returns of one year.
#[derive(Debug, Clone, PartialEq)]
pub struct Year {
    pub year: String,
    /// Return and days of each month that has some.
    pub months: [Option<(f64, u32)>; 12],
    pub whole: f64,
}

/// Daily returns compounded, oldest year first.
pub fn years(days: &[DailyReturn]) -> Vec<Year> {
    let mut years: Vec<Year> = Vec::new();
    for day in days {
        let time = Time(day.day.saturating_mul(Span::DAY.0));
        let year = words::stamp(time, "%Y");
        let month = words::stamp(time, "%-m").parse::<usize>().unwrap_or(1).clamp(1, 12) - 1;
        if years.last().is_none_or(|last| last.year != year) {
            years.push(Year { year, months: [None; 12], whole: 0.0 });
        }
        let Some(last) = years.last_mut() else { continue };
        let (sofar, count) = last.months[month].unwrap_or((0.0, 0));
        last.months[month] = Some(((1.0 + sofar) * (1.0 + day.change) - 1.0, count + 1));
        last.whole = (1.0 + last.whole) * (1.0 + day.change) - 1.0;
    }
    years
}

pub fn table(report: &Report<'_>) -> String {
    let own = years(&report.summary.equity.days);
    let held =
        report.summary.baselines.buy_and_hold.as_ref().map_or_else(|_| Vec::new(), |hold| years(&hold.equity.days));
    if own.is_empty() {
        return "<p class=\"hidden\">hidden: no day was traded</p>".to_owned();
    }
    let most = own
        .iter()
        .flat_map(|year| year.months.iter().flatten())
        .fold(0.01_f64, |most, (change, _)| most.max(change.abs()));
    let mut rows = String::new();
    for year in &own {
        rows += &row(&year.year, report.strategy, "", year, Some(most));
        if let Some(held) = held.iter().find(|held| held.year == year.year) {
            rows += &row("", "buy and hold", "soft", held, None);
        }
    }
    let head: String = NAMES.iter().map(|name| format!("<th class=\"n\">{name}</th>")).collect();
    format!(
        "<div class=\"scroll\"><table class=\"months\"><thead><tr><th></th><th></th>{head}<th class=\"n\">year</th></tr></thead><tbody>{rows}</tbody></table></div>"
    )
}

fn row(label: &str, name: &str, class: &str, year: &Year, most: Option<f64>) -> String {
    let cell = |month: &Option<(f64, u32)>| match month {
        Some((change, days)) => {
            let tint = most.map_or_else(String::new, |most| {
                let strength = (change.abs() / most * 46.0).round();
                format!(" style=\"--s:{strength:.0}%\" data-sign=\"{}\"", if *change < 0.0 { "loss" } else { "gain" })
            });
            format!("<td class=\"n\"{tint} title=\"{days} days\">{}</td>", signed(change * 100.0, 1))
        }
        None => "<td></td>".to_owned(),
    };
    let cells: String = year.months.iter().map(cell).collect();
    let (label, name) = (escaped(label), escaped(name));
    format!(
        "<tr class=\"{class}\"><th scope=\"row\">{label}</th><td>{name}</td>{cells}<td class=\"n\"><b>{}</b></td></tr>",
        percent(year.whole)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_compound_to_months_and_months_to_years() {
        // 2023-12-30 to 2024-01-02.
        let days: Vec<DailyReturn> = [0.1, -0.5, 0.2, 0.0]
            .iter()
            .zip(19_721..)
            .map(|(change, day)| DailyReturn { day, close: 1.0, change: *change })
            .collect();
        let years = years(&days);
        assert_eq!(years.iter().map(|year| year.year.as_str()).collect::<Vec<_>>(), ["2023", "2024"]);
        let december = years[0].months[11].expect("two days");
        assert!((december.0 + 0.45).abs() < 1e-12 && december.1 == 2, "{december:?}");
        let january = years[1].months[0].expect("two days");
        assert!((january.0 - 0.2).abs() < 1e-12 && (years[1].whole - 0.2).abs() < 1e-12);
        assert_eq!(years[0].months[..11], [None; 11]);
    }
}
