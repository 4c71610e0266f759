//! Trees as an ONNX graph: `TreeEnsembleRegressor`, then the calibration.
//!
//! Invariant: the graph walks the same leaves as `Forest::logit` for every input of single precision.
//! Absent on purpose: a normaliser: trees compare raw observations with thresholds.
//! Source: <https://onnx.ai/onnx/operators/onnx_aionnxml_TreeEnsembleRegressor.html>

use super::learner::LogitScale;
use super::trees::{Forest, Node};
use crate::inference::onnx::arithmetic::platt;
use crate::inference::onnx::build::{Answer, Attribute, GraphBuilder};

/// The columns of the operator's table of nodes, and of its leaves.
#[derive(Default)]
struct Table {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    columns: Vec<i64>,
    values: Vec<f32>,
    modes: Vec<&'static str>,
    lefts: Vec<i64>,
    rights: Vec<i64>,
    leaf_trees: Vec<i64>,
    leaf_nodes: Vec<i64>,
    weights: Vec<f32>,
}

pub(super) fn onnx(forest: &Forest, calibration: LogitScale) -> Vec<u8> {
    let mut table = Table::default();
    for (tree, nodes) in forest.trees.iter().enumerate() {
        nodes.iter().enumerate().for_each(|(place, node)| table.add(tree as i64, place as i64, *node));
    }
    let mut graph = GraphBuilder::new("kestrel-trees", forest.width);
    let input = graph.input();
    let score = graph.trees(&input, &table.attributes());
    // The base is added in the calibration, where it costs no precision.
    let shift = calibration.scale * forest.base + calibration.shift;
    let probability = platt(&mut graph, &score, calibration.scale as f32, shift as f32);
    graph.finish(Answer::Probability, &probability)
}

impl Table {
    fn add(&mut self, tree: i64, place: i64, node: Node) {
        self.trees.push(tree);
        self.nodes.push(place);
        let (column, value, mode, left, right) = match node {
            Node::Split { column, value, left, right } => {
                (i64::from(column), value, "BRANCH_LT", i64::from(left), i64::from(right))
            }
            Node::Leaf(weight) => {
                self.leaf_trees.push(tree);
                self.leaf_nodes.push(place);
                self.weights.push(weight);
                (0, 0.0, "LEAF", 0, 0)
            }
        };
        self.columns.push(column);
        self.values.push(value);
        self.modes.push(mode);
        self.lefts.push(left);
        self.rights.push(right);
    }

    fn attributes(self) -> Vec<(&'static str, Attribute)> {
        let leaves = self.weights.len();
        let nodes = self.nodes.len();
        vec![
            ("aggregate_function", Attribute::Text("SUM")),
            ("n_targets", Attribute::Integer(1)),
            ("post_transform", Attribute::Text("NONE")),
            ("nodes_treeids", Attribute::Integers(self.trees)),
            ("nodes_nodeids", Attribute::Integers(self.nodes)),
            ("nodes_featureids", Attribute::Integers(self.columns)),
            ("nodes_values", Attribute::Floats(self.values)),
            ("nodes_modes", Attribute::Texts(self.modes)),
            ("nodes_truenodeids", Attribute::Integers(self.lefts)),
            ("nodes_falsenodeids", Attribute::Integers(self.rights)),
            // A value that is not there is below nothing.
            ("nodes_missing_value_tracks_true", Attribute::Integers(vec![0; nodes])),
            ("target_treeids", Attribute::Integers(self.leaf_trees)),
            ("target_nodeids", Attribute::Integers(self.leaf_nodes)),
            ("target_ids", Attribute::Integers(vec![0; leaves])),
            ("target_weights", Attribute::Floats(self.weights)),
        ]
    }
}
