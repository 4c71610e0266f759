//! Files that must not run: each is refused in one sentence that says why, and none makes the reader panic.

use kestrel::inference::onnx::messages::{
    AttributeProto, ModelProto, NodeProto, OperatorSetIdProto, StringStringEntryProto,
};
use kestrel::inference::onnx::read::{MOST_BYTES, read};
use kestrel::inference::onnx::{Attribute, inspect};
use proptest::prelude::*;
use prost::Message;

use super::fixture;

/// A sound model, changed.
fn changed(change: impl FnOnce(&mut ModelProto)) -> Vec<u8> {
    let mut model = read(&fixture::onnx(1, 1.0)).expect("a sound graph");
    change(&mut model);
    model.encode_to_vec()
}

fn refused(bytes: &[u8], parts: &[&str]) {
    let said = inspect(bytes).expect_err(&format!("{parts:?} passed")).to_string();
    for part in parts {
        assert!(said.contains(part), "{said:?} lacks {part:?}");
    }
    assert_eq!(said.lines().count(), 1, "{said}");
}

fn nodes(model: &mut ModelProto) -> &mut Vec<NodeProto> {
    &mut model.graph.as_mut().expect("a graph").node
}

fn first_weights(model: &mut ModelProto) -> &mut kestrel::inference::onnx::messages::TensorProto {
    let all = &mut model.graph.as_mut().expect("a graph").initializer;
    all.iter_mut().find(|tensor| tensor.data_type == 1 && tensor.dims.len() == 2).expect("weights")
}

#[test]
fn operators_outside_the_list_are_refused() {
    for (domain, operator) in
        [("", "Loop"), ("", "Expand"), ("", "RandomNormal"), ("", "sigmoid"), ("com.microsoft", "Gelu")]
    {
        let bytes = changed(|model| {
            let node = nodes(model).last_mut().expect("a node");
            (node.domain, node.op_type) = (domain.into(), operator.into());
        });
        refused(&bytes, &["operator", operator, "allowed are Gemm"]);
    }
    let bytes = changed(|model| nodes(model)[0].op_type = "TreeEnsembleRegressor".into());
    refused(&bytes, &["operator"]);
}

#[test]
fn weights_outside_the_file_are_refused() {
    let bytes = changed(|model| first_weights(model).data_location = 1);
    refused(&bytes, &["outside the file"]);
    let place = StringStringEntryProto { key: "location".into(), value: "../secret".into() };
    refused(&changed(|model| first_weights(model).external_data = vec![place]), &["outside the file"]);
}

#[test]
fn graphs_inside_and_functions_are_refused() {
    let inside = AttributeProto { name: "body".into(), g: Some(Vec::new()), r#type: 5, ..AttributeProto::default() };
    refused(&changed(|model| nodes(model)[0].attribute.push(inside)), &["graph inside node"]);
    // `graphs`, field 11, which the messages do not know.
    let mut hidden = AttributeProto { name: "bodies".into(), ..AttributeProto::default() }.encode_to_vec();
    hidden.extend([0x5a, 0]);
    assert_unread(&hidden);
    refused(&changed(|model| model.functions = vec![Vec::new()]), &["functions of its own"]);
}

/// An attribute that cannot be told by the messages is put into a node by hand.
fn assert_unread(attribute: &[u8]) {
    let field = |tag: u8, content: &[u8]| {
        let mut bytes = vec![tag << 3 | 2];
        bytes.extend([(content.len() & 0x7f) as u8 | 0x80, (content.len() >> 7) as u8]);
        bytes.extend(content);
        bytes
    };
    let graph = field(1, &field(5, attribute));
    let mut bytes = fixture::onnx(1, 1.0);
    bytes.extend(field(7, &graph));
    refused(&bytes, &["field 11 of an ONNX attribute"]);
}

#[test]
fn numbers_that_are_none_are_refused() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let bytes = changed(|model| first_weights(model).raw_data[8..12].copy_from_slice(&bad.to_le_bytes()));
        refused(&bytes, &["NaN or infinity in the weights"]);
        let bytes = changed(|model| {
            let node = nodes(model).iter_mut().find(|node| node.op_type == "MatMul").expect("a layer");
            node.attribute.push(AttributeProto { name: "alpha".into(), f: bad, r#type: 1, ..Default::default() });
        });
        refused(&bytes, &["NaN or infinity in alpha"]);
        let bytes = fixture::trees(|attributes| {
            let values = attributes.iter_mut().find(|(name, _)| *name == "nodes_values").expect("thresholds");
            values.1 = Attribute::Floats(vec![bad, 0.0, 0.0]);
        });
        refused(&bytes, &["NaN or infinity in nodes_values"]);
    }
    let double = changed(|model| {
        let all = &mut model.graph.as_mut().expect("a graph").initializer;
        let means = all.iter_mut().find(|tensor| tensor.data_type == 11).expect("means");
        means.raw_data[..8].copy_from_slice(&f64::NAN.to_le_bytes());
    });
    refused(&double, &["NaN or infinity"]);
}

#[test]
fn weights_of_another_size_than_their_dimensions_are_refused() {
    refused(&changed(|model| first_weights(model).raw_data.truncate(8)), &["bytes of weights", "need"]);
    refused(&changed(|model| first_weights(model).float_data.push(1.0)), &["bytes of weights"]);
    refused(&changed(|model| first_weights(model).dims = vec![i64::MAX, i64::MAX]), &["no file can hold"]);
    refused(&changed(|model| first_weights(model).dims = vec![-41, 1]), &["no file can hold"]);
    refused(&changed(|model| first_weights(model).data_type = 16), &["ONNX type 16"]);
}

#[test]
fn other_inputs_and_outputs_are_refused() {
    let shape = |model: &mut ModelProto, is_input: bool, size: Option<i64>| {
        let graph = model.graph.as_mut().expect("a graph");
        let values = if is_input { &mut graph.input } else { &mut graph.output };
        let tensor = values[0].r#type.as_mut().and_then(|kind| kind.tensor_type.as_mut()).expect("a tensor");
        let dims = &mut tensor.shape.as_mut().expect("a shape").dim;
        let at = usize::from(size != Some(7));
        dims[at].dim_value = size;
    };
    refused(&changed(|model| shape(model, true, Some(7))), &["input", "free first dimension"]);
    refused(&changed(|model| shape(model, true, None)), &["input", "second dimension"]);
    refused(&changed(|model| shape(model, false, Some(2))), &["output", "2 numbers"]);
    refused(&changed(|model| model.graph.as_mut().expect("a graph").output.clear()), &["output", "has 0 values"]);
    let renamed = changed(|model| model.graph.as_mut().expect("a graph").input[0].name = "x".into());
    refused(&renamed, &["input", "is called \"x\""]);
}

#[test]
fn nodes_that_do_not_fit_together_are_refused() {
    refused(&changed(|model| nodes(model).reverse()), &["before it is made"]);
    refused(&changed(|model| nodes(model)[0].output[0] = "observations".into()), &["made already"]);
    refused(&changed(|model| drop(nodes(model).pop())), &["made by no node"]);
    refused(&changed(|model| model.graph = None), &["no graph"]);
}

#[test]
fn other_versions_are_refused() {
    refused(&changed(|model| model.ir_version = 99), &["ONNX format 99"]);
    refused(&changed(|model| model.opset_import[0].version = 99), &["version 99"]);
    refused(&changed(|model| model.opset_import.clear()), &["version 0"]);
    let other = OperatorSetIdProto { domain: "com.microsoft".into(), version: 1 };
    refused(&changed(|model| model.opset_import.push(other)), &["com.microsoft"]);
}

#[test]
fn trees_that_are_none_are_refused() {
    let with = |name: &'static str, value: Attribute| {
        fixture::trees(|attributes| {
            attributes.iter_mut().find(|(known, _)| *known == name).expect("an attribute").1 = value;
        })
    };
    let ints = |values: &[i64]| Attribute::Integers(values.to_vec());
    refused(&with("nodes_truenodeids", ints(&[0, 0, 0])), &["trees", "root"]);
    refused(&with("nodes_truenodeids", ints(&[2, 0, 0])), &["trees", "two parents"]);
    refused(&with("nodes_truenodeids", ints(&[9, 0, 0])), &["trees", "missing"]);
    refused(&with("nodes_featureids", ints(&[41, 0, 0])), &["observation 41 of 41"]);
    refused(&with("nodes_featureids", ints(&[-1, 0, 0])), &["observation -1"]);
    refused(&with("nodes_nodeids", ints(&[0, 1, 1])), &["stands twice"]);
    refused(&with("nodes_values", Attribute::Floats(vec![0.1])), &["nodes_values has 1 entries"]);
    refused(&with("target_nodeids", ints(&[1, 0])), &["is no leaf"]);
    refused(&with("target_ids", ints(&[0, 1])), &["is no leaf that gives the output"]);
}

#[test]
fn files_beyond_the_bounds_are_refused_before_they_are_decoded() {
    refused(&vec![0; MOST_BYTES + 1], &["bytes, allowed are"]);
    refused(&[], &["it is empty"]);
    // A million empty nodes in two million bytes.
    let nodes: Vec<u8> = [0x0a, 0].repeat(1 << 20);
    let mut bytes = vec![0x3a, 0x80, 0x80, 0x80, 0x01];
    bytes.extend(nodes);
    refused(&bytes, &["more than 300000 entries"]);
    refused(b"PAR1 this is another kind of file", &["no ONNX file"]);
}

#[test]
fn every_truncation_is_refused() {
    let whole = fixture::onnx(1, 1.0);
    for length in (0..whole.len()).step_by(7) {
        assert!(inspect(&whole[..length]).is_err(), "{length} of {} bytes passed", whole.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn mutated_files_never_panic(
        is_trees in any::<bool>(),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
        doubled in prop::option::of((any::<prop::sample::Index>(), any::<prop::sample::Index>())),
    ) {
        let mut bytes = if is_trees { fixture::trees(|_| ()) } else { fixture::onnx(1, 1.0) };
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Some((from, to)) = doubled {
            let (from, to) = (from.index(bytes.len()), to.index(bytes.len()));
            bytes.extend_from_within(from.min(to)..from.max(to));
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let _ = inspect(&bytes);
    }

    #[test]
    fn any_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = inspect(&bytes);
    }
}
