//! What both learners must show: trainer, session and Python agree; nothing in a martingale, a planted edge found.

use kestrel::domain::Seed;
use kestrel::inference::library::find;
use kestrel::inference::{Device, LibraryPlan, Provider, Session};
use kestrel::training::canary::{PLANTED, tried};
use kestrel::training::dataset::Dataset;
use kestrel::training::pipeline::{Plan, Trained};
use kestrel::training::synthetic::Edge;
use kestrel::training::{Flow, Learner, LogitScale, Scorer};

use super::dataset::settings;
use crate::support;

pub fn plan(seed: u64) -> Plan {
    let (reserved, folder) = (Vec::new(), None);
    Plan { seed: Seed(seed), folds: 3, reserved, held_out_share: 0.2, multiple: 1.5, folder }
}

pub fn onnx<M: Scorer>(trained: &Trained<M>) -> Vec<u8> {
    trained.model.export(trained.calibration).unwrap()
}

/// Trainer, our session and the Python binding on ten thousand rows.
pub fn agree_on_ten_thousand_rows<M: Scorer>(model: &M, data: &Dataset) {
    let Some(_) = support::onnxruntime() else { return };
    // Steep, so that differences of logits show.
    let calibration = LogitScale { scale: 3.0, shift: -0.2 };
    let onnx = model.export(calibration).unwrap();
    let (count, width) = (10_000, data.input_len());
    let mut rows = Vec::with_capacity(count * width);
    for at in 0..count {
        // Half are real, half random; some numbers lie far outside what was ever seen.
        let sample = &data.samples()[at % data.samples().len()];
        let noise = |column: usize| ((at * width + column) as f64 * 0.754_877_666).fract() as f32 * 2.0 - 1.0;
        let far = if at % 5 == 0 { 1e4 } else { 4.0 };
        let random = at % 2 == 0;
        let real = data.window(sample).iter().enumerate();
        rows.extend(real.map(|(column, x)| if random { far * noise(column) } else { *x }));
    }
    let plan = LibraryPlan { named: None, home: std::env::temp_dir(), device: Device::Cpu };
    let library = find(&plan).expect("the library that the variable names");
    let mut session = Session::open(&onnx, width, &library, Provider::Cpu).expect("a graph of the contract");
    let mut ours = vec![0.0; count];
    session.run_batch(&rows, &mut ours).expect("ten thousand rows");
    let mut worst = 0.0_f64;
    for (row, ours) in rows.chunks(width).zip(&ours) {
        let wanted = calibration.probability(model.logit(row));
        worst = worst.max((wanted - f64::from(*ours)).abs());
    }
    assert!(worst < 1e-5, "trainer and session differ by {worst}");
    assert!(ours.iter().any(|p| *p < 0.4) && ours.iter().any(|p| *p > 0.6), "they say different things");
    let Some(theirs) = support::python_outputs(&onnx, &rows) else { return };
    let apart = ours.iter().zip(&theirs).map(|(ours, theirs)| (ours - theirs).abs()).fold(0.0, f32::max);
    assert!(theirs.len() == count && apart < 1e-5, "session and Python differ by {apart}");
}

fn entries<L: Learner>(learner: &L, edge: Edge, seed: u64) -> Trained<L::Model> {
    let plan = Plan { folds: 5, ..plan(seed) };
    tried(learner, &settings(5, learner.rows()), &plan, edge, &mut |_| Flow::Continue).unwrap()
}

pub fn nothing_is_traded<L: Learner>(learner: &L, seed: u64) {
    let trained = entries(learner, Edge::None, seed);
    assert_eq!(trained.judgement.walk.trades.len(), 0, "seed {seed}: {}", trained.judgement.verdict);
}

pub fn the_edge_is_found<L: Learner>(learner: &L, seed: u64) {
    let trained = entries(learner, PLANTED, seed);
    let walk = &trained.judgement.walk;
    let won = walk.trades.iter().filter(|trade| trade.net > 0.0).count();
    println!("seed {seed}: {won} of {} won; {}", walk.trades.len(), trained.judgement.verdict);
    assert!(walk.trades.len() > 10 && walk.net_return > 0.0 && 2 * won > walk.trades.len(), "seed {seed}");
}
