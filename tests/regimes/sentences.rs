//! Events as sentences: every number that fired, with its threshold.

use kestrel::domain::{Span, Time};
use kestrel::market::regime::{Event, Phase, Reading, Regime, RegimeSwitch, Signal, TrendSide, Trouble};

fn reading(value: f64, limit: f64) -> Reading {
    Reading { value, limit }
}

#[test]
fn an_event_says_what_fired_and_at_which_threshold() {
    let crash = Event::Crash {
        fifteen: reading(-0.0432, -0.04),
        five: reading(-0.01, -0.02),
        minute: reading(-0.0211, -0.015),
        deviations: reading(12.34, 6.0),
        jump: reading(9.87, 5.8),
    };
    let drop = Event::LiquidityDrop {
        volume: reading(0.5, 0.25),
        still: reading(6.0, 5.0),
        spread: Some(reading(7.25, 5.0)),
        depth: Some(reading(0.9, 0.3)),
    };
    let wanted = [
        (
            crash,
            "crash: down 4.3 % within 15 minutes (limit 4.0 %), down 2.1 % in one minute (limit 1.5 %), 12.3 robust \
             deviations (limit 6) and 9.9 of the last two hours (limit 5.8)",
        ),
        (
            Event::Jump { statistic: reading(-11.2, -10.0), change: -0.0034 },
            "jump: down 0.3 % in one minute, -11.2 local deviations (limit -10)",
        ),
        (
            Event::VolatilitySpike { ratio: reading(3.26, 3.0) },
            "volatility spike: 3.3 times its two-day level (limit 3.0)",
        ),
        (drop, "liquidity drop: no trade for 6 minutes (limit 5), spread 7.2 times the usual (limit 5.0)"),
        (
            Event::TrendOnset { side: TrendSide::Down, evidence: reading(35.4, 35.0) },
            "trend onset downwards: evidence 35.4 deviations (limit 35)",
        ),
        (Event::DataTrouble(Trouble::Missing { minutes: 1 }), "data trouble: 1 minute missing before this bar"),
        (Event::DataTrouble(Trouble::Frozen { bars: 4 }), "data trouble: the same bar came 4 times in a row"),
        (
            Event::DataTrouble(Trouble::OffRange(reading(-0.31, 0.25))),
            "data trouble: the close lies 31.0 % from the one before (limit 25.0 %)",
        ),
    ];
    for (event, sentence) in wanted {
        assert_eq!(event.to_string(), sentence);
    }
    let ended = Signal { time: Time(0), phase: Phase::Ended { after: Span(42 * Span::MINUTE.0) }, event: crash };
    assert_eq!(ended.to_string(), "crash is over after 42 minutes");
}

#[test]
fn a_switch_of_the_regime_says_from_what_to_what_and_why() {
    let switch = RegimeSwitch {
        time: Time(0),
        from: Some(Regime::Calm),
        to: Regime::Uptrend,
        drift: Some(2.14),
        volatility: Some(1.31),
        saved: Some(60.2),
    };
    let text = "regime calm becomes uptrend: eight-hour drift +2.1 deviations, volatility 1.3 times the week's";
    assert_eq!(switch.to_string(), text);
    let early = RegimeSwitch { from: None, to: Regime::Crash, drift: None, volatility: None, saved: None, ..switch };
    assert_eq!(early.to_string(), "regime is crash");
}
