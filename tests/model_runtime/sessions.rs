//! Sessions of the real library: right numbers, no allocation, and one sentence for what cannot be run.

use kestrel::engine::model::{InferOutcome, ModelSlot};
use kestrel::engine::ports::Inference;
use kestrel::inference::library::{LibraryError, find};
use kestrel::inference::provider::{CardTrial, prove};
use kestrel::inference::{Device, Library, LoadedModels, Provider, Session, SessionError};

use super::counting::taken_by;
use super::graphs::{Logistic, constant, model, plan, request, spec, width};
use crate::support;

/// The same rows each time, between -3 and 3.
fn rows(count: usize, width: usize) -> Vec<f32> {
    (0..count * width).map(|i| ((i as f64 * 0.754_877_666).fract() * 6.0 - 3.0) as f32).collect()
}

fn weights(width: usize) -> Vec<f32> {
    (0..width).map(|i| (i as f32 * 0.7).sin() * 0.3).collect()
}

fn library() -> Option<Library> {
    support::onnxruntime()?;
    Some(find(&plan(Device::Cpu, Vec::new()).library).expect("the library that the variable names"))
}

fn opened(graph: &Logistic) -> Option<Session> {
    let session = Session::open(&graph.onnx(), graph.weights.len(), &library()?, Provider::Cpu);
    Some(session.expect("a model of the contract"))
}

#[test]
fn a_row_and_a_batch_of_rows_give_what_the_formula_says() {
    let graph = Logistic::new(weights(41), 0.25);
    let Some(mut session) = opened(&graph) else { return };
    let rows = rows(13, 41);
    let mut batch = [0.0; 13];
    session.run_batch(&rows, &mut batch).expect("thirteen rows");
    for (row, answer) in rows.chunks(41).zip(batch) {
        assert!((f64::from(answer) - graph.expected(row)).abs() < 1e-6);
        assert!((session.run(row).expect("a row") - answer).abs() < 1e-6);
    }
}

#[test]
fn sessions_agree_with_the_python_binding_on_ten_thousand_rows() {
    let graph = Logistic::new(weights(82), -0.5);
    let Some(mut session) = opened(&graph) else { return };
    let rows = rows(10_000, 82);
    let Some(theirs) = support::python_outputs(&graph.onnx(), &rows) else { return };
    assert_eq!(theirs.len(), 10_000);
    for (row, theirs) in rows.chunks(82).zip(theirs) {
        assert!((session.run(row).expect("a row") - theirs).abs() < 1e-5);
    }
}

#[test]
fn a_call_takes_nothing_from_the_heap() {
    let Some(mut session) = opened(&Logistic::new(weights(41), 0.0)) else { return };
    let rows = rows(4, 41);
    let mut outputs = [0.0; 4];
    session.run_rows(&rows, &mut outputs).expect("the first call makes room");
    let taken = taken_by(|| {
        for row in rows.chunks(41) {
            session.run(row).expect("a row");
        }
        session.run_rows(&rows, &mut outputs).expect("four rows");
    });
    assert_eq!(taken, 0);
}

#[test]
fn an_output_that_is_no_number_is_told_apart() {
    let Some(mut session) = opened(&Logistic::new(weights(41), f32::NAN)) else { return };
    assert_eq!(session.run(&rows(1, 41)), Err(SessionError::NotFinite));
    let onnx = Logistic::new(vec![0.0; width()], f32::NAN).onnx();
    let digest = spec("tiny", &onnx).digest;
    let mut models = LoadedModels::open(&plan(Device::Cpu, vec![model(ModelSlot::Trees, onnx)]));
    assert_eq!(models.trouble(), None);
    assert_eq!(models.infer(&request(1, ModelSlot::Trees, digest, 0)).outcome, InferOutcome::NotFinite);
    let view = &models.view().models[0];
    assert_eq!((view.not_finite, view.answered), (1, 0));
    assert!(view.error.as_ref().is_some_and(|said| said.contains("not a number")));
}

#[test]
fn a_graph_that_is_not_as_agreed_is_refused_with_what_was_found() {
    let Some(library) = library() else { return };
    let base = || Logistic::new(weights(41), 0.0);
    let cases = [
        (Logistic { input: "x", ..base() }, "`x`"),
        (Logistic { output: "y", ..base() }, "`y`"),
        (Logistic { batch: Some(1), ..base() }, "[batch, 41]"),
        (Logistic { weights: weights(40), ..base() }, "[batch, 41]"),
        (Logistic { operator: "Telepathy", ..base() }, "Telepathy"),
    ];
    for (graph, part) in cases {
        let error = Session::open(&graph.onnx(), 41, &library, Provider::Cpu).err().expect(part);
        assert!(error.to_string().contains(part), "{error}");
    }
    let whole = base().onnx();
    for damaged in [&whole[..whole.len() / 2], b"", b"no model at all"] {
        assert!(Session::open(damaged, 41, &library, Provider::Cpu).is_err());
    }
}

#[test]
fn a_row_of_another_length_is_refused() {
    let Some(mut session) = opened(&Logistic::new(weights(41), 0.0)) else { return };
    assert_eq!(session.run(&[0.0; 40]), Err(SessionError::Width { found: 40, width: 41 }));
    assert!(session.run_batch(&[], &mut []).is_err());
}

#[test]
fn a_library_for_the_processor_refuses_the_card_aloud() {
    let Some(library) = library() else { return };
    assert!(!library.has_cuda, "the pinned library is the one for the processor");
    let onnx = constant(0.75);
    // The provider itself refuses too, and nothing breaks.
    assert!(Session::open(&onnx, width(), &library, Provider::Cuda).is_err());
    let models = LoadedModels::open(&plan(Device::Cuda, vec![model(ModelSlot::Temporal, onnx)]));
    let view = &models.view().models[0];
    let proof = view.proof.as_ref().expect("it was proven");
    assert_eq!((view.provider, proof.chosen), (Some(Provider::Cpu), Provider::Cpu));
    assert!(matches!(&proof.card, CardTrial::Refused(why) if why.contains("processor alone")));
    assert!(view.alarm.as_ref().is_some_and(|said| said.contains("`inference_device` is \"cuda\"")));
}

#[test]
fn a_card_that_cannot_be_used_is_not_passed_over_in_silence() {
    let Some(library) = library() else { return };
    // As a build with CUDA on a machine without a card: registering the provider fails.
    let library = Library { has_cuda: true, ..library };
    for device in [Device::Auto, Device::Cuda] {
        let (session, proof) = prove(&constant(0.75), width(), &library, device, 3).expect("the processor can");
        assert_eq!((session.provider(), proof.chosen, proof.batch), (Provider::Cpu, Provider::Cpu, 3));
        assert!(matches!(&proof.card, CardTrial::Refused(why) if why.contains("CUDA cannot run the model here")));
        assert!(proof.alarm.is_some_and(|said| said.contains("CUDA cannot run")), "{device}");
    }
    let (_, proof) = prove(&constant(0.75), width(), &library, Device::Cpu, 1).expect("the processor can");
    assert_eq!((proof.card, proof.alarm), (CardTrial::NotTried, None));
}

#[test]
fn only_the_model_that_is_meant_answers() {
    if support::onnxruntime().is_none() {
        return;
    }
    let onnx = constant(0.75);
    let digest = spec("tiny", &onnx).digest;
    let mut models = LoadedModels::open(&plan(Device::Auto, vec![model(ModelSlot::Trees, onnx)]));
    let mut outcome = |slot, digest| models.infer(&request(7, slot, digest, 3)).outcome;
    assert!(matches!(outcome(ModelSlot::Trees, digest), InferOutcome::Value(value) if (value - 0.75).abs() < 1e-6));
    assert!(matches!(outcome(ModelSlot::Trees, digest ^ 1), InferOutcome::Unavailable { why } if why.contains("tiny")));
    let empty = outcome(ModelSlot::Temporal, digest);
    assert!(matches!(empty, InferOutcome::Unavailable { why } if why.contains("temporal")));
    let mut foreign = request(8, ModelSlot::Trees, digest, 3);
    foreign.input.pop();
    assert!(matches!(models.infer(&foreign).outcome, InferOutcome::Unavailable { .. }));
}

#[test]
fn bytes_and_schemas_that_are_not_the_cards_are_never_opened() {
    if support::onnxruntime().is_none() {
        return;
    }
    let mut flipped = model(ModelSlot::Trees, constant(0.75));
    flipped.onnx = constant(0.5).into();
    let mut foreign = model(ModelSlot::Trees, constant(0.75));
    foreign.spec.schema ^= 1;
    for (plan_of, part) in [(flipped, "its card names"), (foreign, "feature schema")] {
        let models = LoadedModels::open(&plan(Device::Cpu, vec![plan_of]));
        assert!(models.trouble().is_some_and(|said| said.contains(part)), "{part}");
        assert_eq!(models.view().models[0].provider, None);
    }
}

#[test]
fn a_swap_that_fails_leaves_the_old_model() {
    if support::onnxruntime().is_none() {
        return;
    }
    let (old, new) = (constant(0.75), constant(0.25));
    let (old_spec, new_spec) = (spec("old", &old), spec("new", &new));
    let mut models = LoadedModels::open(&plan(Device::Cpu, vec![model(ModelSlot::Trees, old.clone())]));
    let said = models.swap(ModelSlot::Trees, Some((new_spec.clone(), old.into()))).expect_err("other bytes");
    assert!(said.contains("the model new"), "{said}");
    let answered = |models: &mut LoadedModels, digest| {
        matches!(models.infer(&request(1, ModelSlot::Trees, digest, 0)).outcome, InferOutcome::Value(_))
    };
    assert!(answered(&mut models, old_spec.digest));
    models.swap(ModelSlot::Trees, Some((new_spec.clone(), new.into()))).expect("a whole model");
    assert!(answered(&mut models, new_spec.digest) && !answered(&mut models, old_spec.digest));
    models.swap(ModelSlot::Trees, None).expect("nothing");
    assert!(models.view().models.is_empty());
}

#[test]
fn what_was_loaded_is_found_again_whatever_is_named_later() {
    let Some(library) = library() else { return };
    opened(&Logistic::new(weights(41), 0.0));
    let mut other = plan(Device::Cpu, Vec::new()).library;
    other.named = Some("/no/such/library.so".into());
    assert_eq!(find(&other).map_err(|error: LibraryError| error.to_string()), Ok(library));
}
