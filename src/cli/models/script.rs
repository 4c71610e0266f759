//! Models as scripts read them.
//!
//! Invariant: a model has the same fields in every answer; times are ms UTC.
//! Absent on purpose: words for people (`words`).

use serde_json::{Value, json};

use crate::inference::registry::{Installed, Listed, ModelCard, Origin, OutputCard, RolledBack};

pub fn list(listed: &[Listed]) -> Value {
    let entry = |listed: &Listed| match &listed.model {
        Ok(model) => brief(model),
        Err(error) => json!({ "name": listed.name, "refused": error.to_string() }),
    };
    json!({ "champion": "flat", "models": listed.iter().map(entry).collect::<Vec<_>>() })
}

pub fn show(model: &Installed, previous: Option<&Installed>) -> Result<Value, serde_json::Error> {
    let mut shown = brief(model);
    if let Value::Object(fields) = &mut shown {
        fields.insert("card".into(), serde_json::to_value(&model.card)?);
        fields.insert("previous".into(), previous.map_or(Value::Null, brief));
    }
    Ok(shown)
}

pub fn verified(models: &[Installed]) -> Value {
    json!({ "verified": models.iter().map(brief).collect::<Vec<_>>() })
}

pub fn installed(model: &Installed, before: Option<&Installed>) -> Value {
    json!({ "installed": brief(model), "before": before.map(brief) })
}

pub fn rolled_back(done: &RolledBack) -> Value {
    let before = |card: &ModelCard| json!({ "sha256": card.sha256, "finished": card.training.finished });
    json!({ "now": brief(&done.now), "before": done.before.as_ref().map(before) })
}

fn brief(model: &Installed) -> Value {
    let card = &model.card;
    let (origin, folder) = match &model.origin {
        Origin::Shipped => ("shipped", None),
        Origin::Folder(folder) => ("installed", Some(folder.display().to_string())),
    };
    let horizon = match &card.output {
        OutputCard::Probability(output) => Some(output.barriers.horizon_minutes),
        OutputCard::Exposure(_) => None,
    };
    json!({
        "name": card.name,
        "badge": model.badge().as_str(),
        "kind": card.kind.as_str(),
        "origin": origin,
        "folder": folder,
        "verdict": card.verdict,
        "file": card.file,
        "bytes": card.bytes,
        "sha256": card.sha256,
        "schema": card.input.schema,
        "schema_hash": card.input.schema_hash,
        "rows": card.input.rows,
        "every_minutes": card.input.every_minutes,
        "horizon_minutes": horizon,
        "parameters": model.graph.parameters,
        "nodes": model.graph.nodes,
        "finished": card.training.finished,
    })
}
