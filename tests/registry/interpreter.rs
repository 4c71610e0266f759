//! The operators that the normaliser's and calibration's part of a graph uses, as plainly as ONNX's pages define them.

use std::collections::BTreeMap;

use kestrel::inference::onnx::messages::{NodeProto, TensorProto};
use kestrel::inference::onnx::read::read;

/// Numbers of any type; single precision is rounded to after each operation.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    pub dims: Vec<usize>,
    pub values: Vec<f64>,
    is_double: bool,
}

/// The output of a graph for these questions, `width` numbers each.
pub fn run(onnx: &[u8], questions: &[f32], width: usize) -> Vec<f32> {
    let graph = read(onnx).expect("a file that reads").graph.expect("a graph");
    let mut known: BTreeMap<String, Tensor> =
        graph.initializer.iter().map(|tensor| (tensor.name.clone(), constant(tensor))).collect();
    let input = Tensor {
        dims: vec![questions.len() / width, width],
        values: questions.iter().map(|value| f64::from(*value)).collect(),
        is_double: false,
    };
    known.insert("observations".into(), input);
    for node in &graph.node {
        let inputs: Vec<&Tensor> = node.input.iter().map(|name| &known[name]).collect();
        let mut output = evaluate(node, &inputs);
        if !output.is_double {
            output.values.iter_mut().for_each(|value| *value = f64::from(*value as f32));
        }
        known.insert(node.output[0].clone(), output);
    }
    known["probability"].values.iter().map(|value| *value as f32).collect()
}

fn constant(tensor: &TensorProto) -> Tensor {
    let raw = tensor.raw_data.as_slice();
    let values = match tensor.data_type {
        1 => raw.as_chunks().0.iter().map(|bytes| f64::from(f32::from_le_bytes(*bytes))).collect(),
        7 => raw.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes) as f64).collect(),
        9 => raw.iter().map(|byte| f64::from(*byte)).collect(),
        11 => raw.as_chunks().0.iter().map(|bytes| f64::from_le_bytes(*bytes)).collect(),
        other => panic!("type {other}"),
    };
    let dims = tensor.dims.iter().map(|size| *size as usize).collect();
    Tensor { dims, values, is_double: tensor.data_type == 11 }
}

fn evaluate(node: &NodeProto, inputs: &[&Tensor]) -> Tensor {
    let integer = |name: &str| node.attribute.iter().find(|a| a.name == name).expect("an attribute").i;
    match node.op_type.as_str() {
        "Add" => each(inputs, |x| x[0] + x[1]),
        "Sub" => each(inputs, |x| x[0] - x[1]),
        "Mul" => each(inputs, |x| x[0] * x[1]),
        "Div" => each(inputs, |x| x[0] / x[1]),
        "Equal" => each(inputs, |x| f64::from(u8::from(x[0] == x[1]))),
        "Where" => each(inputs, |x| if x[0] != 0.0 { x[1] } else { x[2] }),
        "Clip" => each(inputs, |x| x[0].clamp(x[1], x[2])),
        "Sigmoid" => each(inputs, |x| 1.0 / (1.0 + (-x[0]).exp())),
        "Cast" => Tensor { is_double: integer("to") == 11, ..inputs[0].clone() },
        "Flatten" => {
            let batch = inputs[0].dims[0];
            Tensor { dims: vec![batch, inputs[0].values.len() / batch], ..inputs[0].clone() }
        }
        "Reshape" => {
            let asked = inputs[1].values.iter().zip(&inputs[0].dims);
            let dims = asked.map(|(size, old)| if *size == 0.0 { *old } else { *size as usize });
            // More dimensions than before: only the first stays.
            let mut dims: Vec<usize> = dims.collect();
            dims.extend(inputs[1].values[dims.len()..].iter().map(|size| *size as usize));
            Tensor { dims, ..inputs[0].clone() }
        }
        "Gather" => {
            assert_eq!(integer("axis") as usize, inputs[0].dims.len() - 1, "only of the last axis");
            let width = *inputs[0].dims.last().expect("an axis");
            let rows = inputs[0].values.chunks(width);
            let values = rows.flat_map(|row| inputs[1].values.iter().map(|place| row[*place as usize])).collect();
            let mut dims = inputs[0].dims.clone();
            *dims.last_mut().expect("an axis") = inputs[1].values.len();
            Tensor { dims, values, is_double: false }
        }
        "MatMul" => {
            let (left, right) = (inputs[0], inputs[1]);
            let (inner, columns) = (right.dims[0], right.dims[1]);
            let dot =
                |row: &[f64], column: usize| (0..inner).map(|k| row[k] * right.values[k * columns + column]).sum();
            let values = left.values.chunks(inner).flat_map(|row| (0..columns).map(move |column| dot(row, column)));
            Tensor { dims: vec![left.dims[0], columns], values: values.collect(), is_double: false }
        }
        other => panic!("operator {other}"),
    }
}

/// Element by element, broadcast from the last dimension on.
fn each(inputs: &[&Tensor], of: impl Fn(&[f64]) -> f64) -> Tensor {
    let rank = inputs.iter().map(|tensor| tensor.dims.len()).max().unwrap_or(0);
    let size =
        |tensor: &Tensor, axis: usize| (axis + tensor.dims.len()).checked_sub(rank).map_or(1, |own| tensor.dims[own]);
    let dims: Vec<usize> =
        (0..rank).map(|axis| inputs.iter().map(|tensor| size(tensor, axis)).max().unwrap_or(1)).collect();
    let at = |tensor: &Tensor, flat: usize| {
        let (mut left, mut place, mut stride) = (flat, 0, 1);
        for axis in (0..rank).rev() {
            let (here, own) = (left % dims[axis], size(tensor, axis));
            left /= dims[axis];
            place += if own == 1 { 0 } else { here * stride };
            stride *= own;
        }
        tensor.values[place]
    };
    let count = dims.iter().product();
    let values = (0..count).map(|flat| of(&inputs.iter().map(|tensor| at(tensor, flat)).collect::<Vec<_>>())).collect();
    Tensor { dims, values, is_double: inputs.iter().any(|tensor| tensor.is_double) }
}
