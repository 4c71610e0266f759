//! The small net: the same again, after an interruption too; trainer, session and Python agree; nothing in a martingale, a
//! planted edge found.

use kestrel::training::pipeline::{Plan, forget, train};
use kestrel::training::temporal::{Hardware, Temporal, TemporalSettings};
use kestrel::training::{Flow, TrainingError};

use super::dataset::wavy;
use super::learners::{agree_on_ten_thousand_rows, nothing_is_traded, onnx, plan, the_edge_is_found};

const ROWS: u16 = 16;

fn small() -> Temporal {
    let small = TemporalSettings { rows: ROWS, channels: 8, hidden: 8, draws: 1_024, epochs: 3, ..Default::default() };
    Temporal::new(small, Hardware::Processor)
}

#[test]
fn the_same_command_makes_the_same_file_also_when_it_is_interrupted() {
    let data = wavy(20_000, 5, ROWS);
    let whole = train(&small(), &data, &plan(1), &mut |_, _| Flow::Continue).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kept = Plan { folder: Some(folder.path().to_path_buf()), ..plan(1) };
    let mut stops = 0;
    let resumed = loop {
        let mut left = 2;
        let result = train(&small(), &data, &kept, &mut |_, _| {
            left -= 1;
            if left == 0 { Flow::Stop } else { Flow::Continue }
        });
        match result {
            Ok(trained) => break trained,
            Err(TrainingError::Stopped) => stops += 1,
            Err(error) => panic!("{error}"),
        }
    };
    assert!(stops > 2, "{stops}");
    assert_eq!(onnx(&resumed), onnx(&whole));
    assert_eq!((resumed.curves, resumed.judgement), (whole.curves, whole.judgement));
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left(), 1, "what was fitted stays until the model is where it belongs");
    forget(folder.path());
    assert_eq!(left(), 0, "nothing is left behind");
}

#[test]
fn trainer_session_and_python_agree_on_ten_thousand_rows() {
    let data = wavy(20_000, 5, ROWS);
    let trained = train(&small(), &data, &plan(1), &mut |_, _| Flow::Continue).unwrap();
    agree_on_ten_thousand_rows(&trained.model, &data);
}

#[test]
fn nothing_is_traded_on_a_martingale() {
    nothing_is_traded(&Temporal::default(), 1);
}

#[test]
fn a_planted_edge_is_found() {
    the_edge_is_found(&Temporal::default(), 1);
}

#[test]
#[ignore = "evidence: five seeds of both markets"]
fn five_martingales_are_left_alone_and_five_edges_found() {
    for seed in 1..=5 {
        nothing_is_traded(&Temporal::default(), seed);
        the_edge_is_found(&Temporal::default(), seed);
    }
}
