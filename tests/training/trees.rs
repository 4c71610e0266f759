//! Trees: the same again, after an interruption too; nothing in a martingale, a planted edge found.

use std::cell::Cell;

use kestrel::domain::Seed;
use kestrel::inference::library::Origin;
use kestrel::inference::{Library, Provider, Session};
use kestrel::training::pipeline::{Plan, exported, forget, train};
use kestrel::training::trees::{Trees, TreesSettings};
use kestrel::training::{Flow, Learner, LogitScale, Scorer, TrainingError};

use super::dataset::wavy;
use super::learners::{agree_on_ten_thousand_rows, nothing_is_traded, onnx, plan, the_edge_is_found};
use crate::support;

fn small() -> Trees {
    Trees { settings: TreesSettings { rounds: 20, patience: 5, ..TreesSettings::default() } }
}

#[test]
fn the_same_command_makes_the_same_file() {
    let data = wavy(20_000, 5, 1);
    let make = |seed| onnx(&train(&small(), &data, &plan(seed), &mut |_, _| Flow::Continue).unwrap());
    assert_eq!(make(1), make(1));
    assert_ne!(make(1), make(2));
}

#[test]
fn a_training_that_is_interrupted_again_and_again_ends_with_the_same_file() {
    let data = wavy(20_000, 5, 1);
    let whole = train(&small(), &data, &plan(1), &mut |_, _| Flow::Continue).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kept = Plan { folder: Some(folder.path().to_path_buf()), ..plan(1) };
    let (mut stops, rounds) = (0, Cell::new(0));
    let resumed = loop {
        let mut left = 7;
        let result = train(&small(), &data, &kept, &mut |_, _| {
            rounds.set(rounds.get() + 1);
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
    let all: usize = whole.curves.iter().map(|curve| curve.rounds.len()).sum();
    assert_eq!(rounds.get(), all, "no round was done twice");
    assert_eq!(onnx(&resumed), onnx(&whole));
    assert_eq!(resumed.curves, whole.curves);
    assert_eq!(resumed.judgement, whole.judgement);
    let left = || std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left(), 1, "what was fitted stays until the model is where it belongs");
    forget(folder.path());
    assert_eq!(left(), 0, "nothing is left behind");
}

#[test]
fn a_saved_forest_gives_the_same_logits() {
    let data = wavy(20_000, 5, 1);
    let trained = train(&small(), &data, &plan(1), &mut |_, _| Flow::Continue).unwrap();
    let loaded = small().load(&trained.model.save().unwrap()).unwrap();
    assert_eq!(loaded, trained.model);
    assert_eq!(loaded.export(LogitScale::IDENTITY).unwrap(), trained.model.export(LogitScale::IDENTITY).unwrap());
    assert!(small().load(b"{}").is_err());
}

#[test]
fn trainer_session_and_python_agree_on_ten_thousand_rows() {
    let data = wavy(20_000, 5, 1);
    let trained = train(&small(), &data, &plan(1), &mut |_, _| Flow::Continue).unwrap();
    agree_on_ten_thousand_rows(&trained.model, &data);
}

/// What is written is held against the trainer first.
#[test]
fn the_graph_says_what_the_trainer_says() {
    let Some(path) = support::onnxruntime() else { return };
    let data = wavy(20_000, 5, 1);
    let trained = train(&small(), &data, &plan(1), &mut |_, _| Flow::Continue).unwrap();
    let library = Library { path, version: "1.31.1".into(), origin: Origin::Variable, has_cuda: false };
    let (_, difference) = exported(&trained, &data, Seed(1), &mut |onnx, inputs, rows| {
        let mut session = Session::open(onnx, inputs.len() / rows, &library, Provider::Cpu).unwrap();
        let mut outputs = vec![0.0; rows];
        session.run_batch(inputs, &mut outputs).unwrap();
        Ok(outputs)
    })
    .unwrap();
    assert!(difference < 1e-5, "{difference}");
    let other = exported(&trained, &data, Seed(1), &mut |_, _, rows| Ok(vec![0.5; rows])).unwrap_err();
    assert!(matches!(&other, TrainingError::Export(why) if why.contains("differs from the trainer")), "{other}");
}

#[test]
fn nothing_is_traded_on_a_martingale() {
    nothing_is_traded(&Trees::default(), 1);
}

#[test]
fn a_planted_edge_is_found() {
    the_edge_is_found(&Trees::default(), 1);
}

#[test]
#[ignore = "evidence: five seeds of both markets"]
fn five_martingales_are_left_alone_and_five_edges_found() {
    for seed in 1..=5 {
        nothing_is_traded(&Trees::default(), seed);
        the_edge_is_found(&Trees::default(), seed);
    }
}
