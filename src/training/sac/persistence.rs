//! An agent in a checkpoint: every number bit for bit.
//!
//! Invariant: a loaded agent learns on as the saved one would have.
//! Absent on purpose: settings, which belong to the purpose of the checkpoint; generators, which belong to who draws.

use super::{Agent, Net};
use crate::training::checkpoint::{Checkpoint, CheckpointError};

impl Agent {
    /// Adds parts named `sac ...`.
    pub fn save(&self, into: &mut Checkpoint) -> Result<(), CheckpointError> {
        #[cfg(feature = "cuda")]
        if let Some(card) = &self.card {
            let mut here = Agent { card: None, ..self.clone() };
            card.write_back(&mut here);
            return here.save(into);
        }
        self.actor.save("sac actor", into);
        self.critics.save("sac critics", into);
        into.put_floats("sac targets", &self.targets);
        let (numbers, adam) = self.temperature.state();
        into.put_doubles("sac temperature", &numbers);
        into.put("sac temperature steps", &adam)
    }

    /// Takes the state of a saved agent of the same settings and lengths; on an error this one is useless.
    pub fn load(&mut self, from: &Checkpoint) -> Result<(), CheckpointError> {
        self.actor.load("sac actor", from)?;
        self.critics.load("sac critics", from)?;
        self.targets = floats(from, "sac targets", self.targets.len())?;
        let numbers = from.doubles("sac temperature")?;
        let numbers = numbers.try_into().map_err(|_| CheckpointError::Part { name: "sac temperature".to_owned() })?;
        self.temperature.restore(numbers, from.get("sac temperature steps")?);
        self.hand_over();
        Ok(())
    }
}

impl Net {
    fn save(&self, name: &str, into: &mut Checkpoint) {
        into.put_floats(&format!("{name} weights"), &self.weights);
        into.put_floats(&format!("{name} first weights"), &self.first);
        into.put_floats(&format!("{name} first moments"), &self.adam.first);
        into.put_floats(&format!("{name} second moments"), &self.adam.second);
        into.put_bytes(&format!("{name} steps"), self.adam.steps.to_le_bytes().to_vec());
    }

    fn load(&mut self, name: &str, from: &Checkpoint) -> Result<(), CheckpointError> {
        let len = self.layout.len();
        self.weights = floats(from, &format!("{name} weights"), len)?;
        self.first = floats(from, &format!("{name} first weights"), len)?;
        self.adam.first = floats(from, &format!("{name} first moments"), len)?;
        self.adam.second = floats(from, &format!("{name} second moments"), len)?;
        let steps = format!("{name} steps");
        let bytes = from.bytes(&steps)?.try_into().map_err(|_| CheckpointError::Part { name: steps })?;
        self.adam.steps = u64::from_le_bytes(bytes);
        Ok(())
    }
}

fn floats(from: &Checkpoint, name: &str, wanted: usize) -> Result<Vec<f32>, CheckpointError> {
    let numbers = from.floats(name)?;
    if numbers.len() == wanted { Ok(numbers) } else { Err(CheckpointError::Part { name: name.to_owned() }) }
}
