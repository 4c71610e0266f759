//! Small models with cards.

use kestrel::domain::{Bar, Seed, Symbol, SymbolRules};
use kestrel::engine::model::{ModelSlot, Payoffs};
use kestrel::inference::onnx::{Answer, Attribute, GraphBuilder, Value, normalise, platt};
use kestrel::inference::registry::{
    CARD_FORMAT, DataRange, DataRole, Figure, InputCard, ModelCard, OutputCard, ProbabilityCard, TrainingCard, sealed,
};
use kestrel::market::barriers::Barriers;
use kestrel::market::features::{Columns, Normaliser, NormaliserSettings, Schema, columns};
use kestrel::simulator::generator::Generator;

use crate::support::START;

pub const NAME: &str = "small-trees";

pub fn observed(schema: &Schema, seed: u64, bars: usize) -> Columns {
    let symbol = Symbol::new("BTCUSDT");
    let rules = SymbolRules::default_for(&symbol);
    let bars: Vec<Bar> = Generator::new(Seed(seed), &symbol, &rules, START, 100.0).take(bars).collect();
    columns(schema, &bars)
}

/// Fitted to a generated market.
pub fn normaliser(schema: &Schema) -> Normaliser {
    Normaliser::fitted(schema, &observed(schema, 3, 600), NormaliserSettings::default()).expect("the same schema")
}

/// The normalised observations in one row.
pub fn flat_input(graph: &mut GraphBuilder, rows: usize) -> (Value, usize) {
    let schema = Schema::ohlcv();
    let input = graph.input();
    let normalised = normalise(graph, &input, &normaliser(&schema), rows);
    let flat =
        if rows == 1 { normalised } else { graph.node("Flatten", &[&normalised], &[("axis", Attribute::Integer(1))]) };
    (flat, rows * schema.width())
}

/// A linear model; `slope` makes them differ.
pub fn onnx(rows: usize, slope: f32) -> Vec<u8> {
    let mut graph = GraphBuilder::new("small", rows * Schema::ohlcv().width());
    let (flat, width) = flat_input(&mut graph, rows);
    let weights: Vec<f32> = (0..width).map(|at| slope * (at as f32 * 0.7).sin() / 8.0).collect();
    let weights = graph.floats(&[width, 1], &weights);
    let score = graph.node("MatMul", &[&flat, &weights], &[]);
    let probability = platt(&mut graph, &score, 0.8, -0.1);
    graph.finish(Answer::Probability, &probability)
}

/// One split of the first observation; `change` breaks it.
pub fn trees(change: impl FnOnce(&mut Vec<(&'static str, Attribute)>)) -> Vec<u8> {
    let mut graph = GraphBuilder::new("small", Schema::ohlcv().width());
    let (flat, _) = flat_input(&mut graph, 1);
    let ints = |values: &[i64]| Attribute::Integers(values.to_vec());
    let mut attributes = vec![
        ("n_targets", Attribute::Integer(1)),
        ("nodes_treeids", ints(&[0, 0, 0])),
        ("nodes_nodeids", ints(&[0, 1, 2])),
        ("nodes_featureids", ints(&[0, 0, 0])),
        ("nodes_modes", Attribute::Texts(vec!["BRANCH_LT", "LEAF", "LEAF"])),
        ("nodes_values", Attribute::Floats(vec![0.1, 0.0, 0.0])),
        ("nodes_truenodeids", ints(&[1, 0, 0])),
        ("nodes_falsenodeids", ints(&[2, 0, 0])),
        ("target_treeids", ints(&[0, 0])),
        ("target_nodeids", ints(&[1, 2])),
        ("target_ids", ints(&[0, 0])),
        ("target_weights", Attribute::Floats(vec![-0.5, 0.5])),
    ];
    change(&mut attributes);
    let score = graph.trees(&flat, &attributes);
    let probability = platt(&mut graph, &score, 1.0, 0.0);
    graph.finish(Answer::Probability, &probability)
}

/// A card that fits the model; `finished` makes cards differ.
pub fn card(name: &str, onnx: &[u8], rows: u16, finished: i64) -> ModelCard {
    let schema = Schema::ohlcv();
    let range = |role| DataRange {
        symbol: "BTCUSDT".into(),
        market: "generated".into(),
        first: 1_688_169_600_000,
        last: 1_688_205_540_000,
        bars: 600,
        role,
    };
    let card = ModelCard {
        format: CARD_FORMAT,
        name: name.into(),
        kind: ModelSlot::Trees,
        verdict: "It does not beat flat after costs: it is here for tests.".into(),
        file: String::new(),
        bytes: 0,
        sha256: String::new(),
        input: InputCard {
            schema: schema.name().into(),
            schema_hash: schema.id(),
            columns: schema.width() as u32,
            rows,
            every_minutes: 15,
        },
        output: OutputCard::Probability(ProbabilityCard {
            meaning: "a long from the next open wins after costs".into(),
            barriers: Barriers { horizon_minutes: 60, deviations: 1.0, least_width: 0.004 },
            payoffs: Payoffs { win: 0.9, loss: -0.8 },
            side_cost: 0.00105,
            calibration: "Platt".into(),
            calibration_rows: 200,
        }),
        normaliser: normaliser(&schema).save(),
        data: vec![range(DataRole::Training), range(DataRole::HeldOut)],
        lineage: Vec::new(),
        training: TrainingCard {
            command: "kestrel train trees --seed 1".into(),
            version: "0.1.0".into(),
            seed: 1,
            finished,
            cpu_seconds: 1.5,
            settings: serde_json::Map::new(),
        },
        figures: vec![Figure {
            name: "net_return".into(),
            on: "held out".into(),
            value: Some(-0.01),
            low: Some(-0.03),
            high: Some(0.01),
            sample: 120,
            baseline: Some(("flat".into(), 0.0)),
            note: None,
        }],
    };
    sealed(card, onnx)
}

/// The model number `n`: another file and another card each.
pub fn model(name: &str, n: u8) -> (ModelCard, Vec<u8>) {
    let onnx = onnx(1, 1.0 + f32::from(n));
    let card = card(name, &onnx, 1, 1_700_000_000_000 + i64::from(n));
    (card, onnx)
}
