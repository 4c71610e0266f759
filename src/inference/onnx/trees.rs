//! Are the trees of a `TreeEnsembleRegressor` trees?
//!
//! Invariant: what passes can be walked from every root to a leaf without end and without a look beside the observations.
//! Absent on purpose: what they predict.
//! Source: <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html>

use std::collections::{BTreeMap, BTreeSet};

use super::messages::{AttributeProto, NodeProto};
use super::refusal::OnnxError;

/// A node by its tree and its number therein.
type Place = (i64, i64);

pub fn check(node: &NodeProto, inputs: usize) -> Result<(), OnnxError> {
    sound(node, inputs).map_err(|what| OnnxError::Trees { node: node.name.clone(), what })
}

fn sound(node: &NodeProto, inputs: usize) -> Result<(), String> {
    let list = |name: &str| ints(node, name);
    let (trees, numbers) = (list("nodes_treeids")?, list("nodes_nodeids")?);
    let (features, lower, higher) =
        (list("nodes_featureids")?, list("nodes_truenodeids")?, list("nodes_falsenodeids")?);
    let modes = attribute(node, "nodes_modes").map_or(&[][..], |a| a.strings.as_slice());
    lengths(node, "nodes_", trees.len(), attribute(node, "nodes_values").map_or(0, |a| a.floats.len()))?;
    let needed = [numbers.len(), features.len(), lower.len(), higher.len(), modes.len()];
    if trees.is_empty() || needed.iter().any(|length| *length != trees.len()) {
        return Err(format!("lists of {} and {needed:?} entries about nodes", trees.len()));
    }
    let mut at: BTreeMap<Place, usize> = BTreeMap::new();
    for (index, place) in trees.iter().copied().zip(numbers.iter().copied()).enumerate() {
        if at.insert(place, index).is_some() {
            return Err(format!("node {} of tree {} stands twice in it", place.1, place.0));
        }
    }
    let is_leaf = |index: usize| modes[index] == b"LEAF";
    let mut children: BTreeSet<Place> = BTreeSet::new();
    for index in (0..trees.len()).filter(|index| !is_leaf(*index)) {
        if !usize::try_from(features[index]).is_ok_and(|feature| feature < inputs) {
            return Err(format!("a look at observation {} of {inputs}", features[index]));
        }
        for child in [lower[index], higher[index]] {
            let place = (trees[index], child);
            // A parent each and none for the root: no way leads back.
            if !at.contains_key(&place) || !children.insert(place) {
                return Err(format!("node {child} of tree {} is missing or has two parents", place.0));
            }
        }
    }
    roots(trees, numbers, &children)?;
    targets(node, |place| at.get(&place).is_some_and(|index| is_leaf(*index)))
}

/// The first node of a tree is its root, and a tree has one.
fn roots(trees: &[i64], numbers: &[i64], children: &BTreeSet<Place>) -> Result<(), String> {
    let mut seen: BTreeSet<i64> = BTreeSet::new();
    for place in trees.iter().copied().zip(numbers.iter().copied()) {
        let is_first = seen.insert(place.0);
        if is_first == children.contains(&place) {
            return Err(format!("tree {} does not begin with its one root", place.0));
        }
    }
    Ok(())
}

/// What leaves give.
fn targets(node: &NodeProto, is_leaf: impl Fn(Place) -> bool) -> Result<(), String> {
    let (trees, numbers) = (ints(node, "target_treeids")?, ints(node, "target_nodeids")?);
    let ids = ints(node, "target_ids")?;
    lengths(node, "target_", trees.len(), attribute(node, "target_weights").map_or(0, |a| a.floats.len()))?;
    if numbers.len() != trees.len() || ids.len() != trees.len() {
        return Err(format!("lists of {}, {} and {} entries about leaves", trees.len(), numbers.len(), ids.len()));
    }
    let count = attribute(node, "n_targets").map_or(1, |a| a.i);
    let known = trees.iter().copied().zip(numbers.iter().copied());
    match known.zip(ids).find(|(place, id)| !is_leaf(*place) || !(0..count).contains(*id)) {
        None if count == 1 => Ok(()),
        None => Err(format!("{count} outputs, allowed is 1")),
        Some(((tree, number), _)) => Err(format!("node {number} of tree {tree} is no leaf that gives the output")),
    }
}

/// All lists about the same things are as long as each other; those that may be left out are whole or not there.
fn lengths(node: &NodeProto, about: &str, wanted: usize, values: usize) -> Result<(), String> {
    let of = |a: &AttributeProto| a.ints.len() + a.floats.len() + a.strings.len();
    let bad = node.attribute.iter().find(|a| a.name.starts_with(about) && of(a) != wanted && of(a) != 0);
    match bad {
        Some(a) => Err(format!("{} has {} entries, allowed are {wanted}", a.name, of(a))),
        None if values != wanted => Err(format!("{values} values for {wanted} entries of {about}*")),
        None => Ok(()),
    }
}

fn ints<'a>(node: &'a NodeProto, name: &str) -> Result<&'a [i64], String> {
    attribute(node, name).map(|a| a.ints.as_slice()).ok_or_else(|| format!("{name} is missing"))
}

fn attribute<'a>(node: &'a NodeProto, name: &str) -> Option<&'a AttributeProto> {
    node.attribute.iter().find(|attribute| attribute.name == name)
}
