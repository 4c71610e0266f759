//! Where an agent learns: on the processor, or on a graphics card where that is faster at the updates it will make.
//!
//! Invariant: a card trains only after both were timed at the same updates; without the feature `cuda` nothing but the
//! processor trains.
//! Absent on purpose: the update on a card (`tensor_agent`); models that run (`inference`).

use std::fmt;
use std::time::{Duration, Instant};

use super::gaussian::fill_noise;
use super::{Agent, Batch};
use crate::domain::Seed;
use crate::training::TrainingError;

/// Updates that are not timed, for the first ones make room and compile, and those that are.
const WARM: u32 = 10;
const TIMED: u32 = 20;

/// What a person asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Wish {
    /// The faster one.
    #[default]
    Auto,
    /// The processor, which alone promises the same bits again.
    Cpu,
    /// The card; an error where there is none.
    Cuda,
}

/// How long an update takes where, and who trains.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    /// `None` when it was not timed, for there was nothing to compare it with.
    pub processor: Option<Duration>,
    pub card: CardProof,
    pub is_card: bool,
}

/// What became of the card.
#[derive(Debug, Clone, PartialEq)]
pub enum CardProof {
    NotAsked,
    /// This program was built without it.
    NotBuilt,
    Refused(String),
    Timed(Duration),
}

/// Says which hardware trains this agent from now on, and why. Leaves its weights as they are.
pub fn settle(agent: &mut Agent, wish: Wish) -> Result<Proof, TrainingError> {
    let card = match wish {
        Wish::Cpu => CardProof::NotAsked,
        Wish::Auto | Wish::Cuda => card::time(agent),
    };
    let CardProof::Timed(there) = card else {
        return match (wish, &card) {
            (Wish::Cuda, CardProof::NotBuilt) => Err(TrainingError::Settings(
                "this program was built without training on a card: give --device cpu, or build \
                    it with --features cuda"
                    .to_owned(),
            )),
            (Wish::Cuda, CardProof::Refused(why)) => {
                Err(TrainingError::Settings(format!("no card trains here ({why}): give --device cpu or auto")))
            }
            (Wish::Auto | Wish::Cpu | Wish::Cuda, _) => Ok(Proof { processor: None, card, is_card: false }),
        };
    };
    let here = time_processor(agent);
    let is_card = wish == Wish::Cuda || there < here;
    if is_card {
        card::take_over(agent);
    }
    Ok(Proof { processor: Some(here), card, is_card })
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = if self.is_card { "the graphics card" } else { "the processor" };
        write!(f, "{who} trains")?;
        let millis = |time: &Duration| time.as_secs_f64() * 1e3;
        match (&self.card, &self.processor) {
            (CardProof::Timed(card), Some(here)) => {
                write!(
                    f,
                    ": an update takes {:.2} ms on the card, {:.2} ms on the processor",
                    millis(card),
                    millis(here)
                )
            }
            (CardProof::Refused(why), _) => write!(f, "; no card does ({why})"),
            (CardProof::NotAsked | CardProof::NotBuilt | CardProof::Timed(_), _) => Ok(()),
        }
    }
}

fn time_processor(agent: &Agent) -> Duration {
    let (mut copy, (batch, noise)) = (agent.clone(), work(agent));
    time(|| {
        copy.update_with_noise(&batch, &noise);
    })
}

/// Of one update, on average.
fn time(mut update: impl FnMut()) -> Duration {
    (0..WARM).for_each(|_| update());
    let before = Instant::now();
    (0..TIMED).for_each(|_| update());
    before.elapsed() / TIMED
}

/// A batch of noise in the shapes that the agent will learn from, and the noise of an update.
fn work(agent: &Agent) -> (Batch, Vec<f64>) {
    let (rows, seen, acted) = (agent.settings.batch, agent.observation_len, agent.action_len);
    let mut random = Seed(0).stream("hardware");
    let mut draw = |len: usize| {
        let mut noise = vec![0.0; len];
        fill_noise(&mut random, &mut noise);
        noise
    };
    let mut part = |len: usize| draw(rows * len).iter().map(|x| x.tanh() as f32).collect();
    let batch = Batch {
        rows,
        observations: part(seen),
        actions: part(acted),
        rewards: part(1),
        next_observations: part(seen),
        discounts: vec![agent.settings.gamma as f32; rows],
    };
    (batch, draw(2 * rows * acted))
}

#[cfg(not(feature = "cuda"))]
mod card {
    use super::{Agent, CardProof};

    pub fn time(_: &Agent) -> CardProof {
        CardProof::NotBuilt
    }

    pub fn take_over(_: &mut Agent) {}
}

#[cfg(feature = "cuda")]
mod card {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use burn::tensor::Device;

    use super::super::tensor_agent::TensorAgent;
    use super::{Agent, CardProof, work};

    /// The library answers a missing driver or card with a panic; here it is a reason.
    pub fn time(agent: &Agent) -> CardProof {
        let attempt = || {
            let (mut copy, (batch, noise)) = (agent.clone(), work(agent));
            let mut there = TensorAgent::new(agent, Device::cuda(0));
            super::time(|| {
                there.update_with_noise(&batch, &noise);
                // Acting needs the actor here after every update, so this is part of it.
                there.write_actor_back(&mut copy);
            })
        };
        match catch_unwind(AssertUnwindSafe(attempt)) {
            Ok(time) => CardProof::Timed(time),
            Err(said) => {
                let text = said.downcast_ref::<String>().map(String::as_str).or(said.downcast_ref::<&str>().copied());
                let first = text.and_then(|text| text.lines().next()).unwrap_or("it stopped without a reason");
                CardProof::Refused(first.to_owned())
            }
        }
    }

    pub fn take_over(agent: &mut Agent) {
        agent.card = Some(TensorAgent::new(agent, Device::cuda(0)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::SacSettings;
    use super::*;

    #[test]
    fn who_trains_is_said_with_both_times_and_settling_changes_no_weight() {
        let proof = |is_card, there| Proof {
            processor: Some(Duration::from_micros(3_500)),
            card: CardProof::Timed(Duration::from_micros(there)),
            is_card,
        };
        let wanted = "the processor trains: an update takes 9.00 ms on the card, 3.50 ms on the processor";
        assert_eq!(proof(false, 9_000).to_string(), wanted);
        assert!(proof(true, 900).to_string().starts_with("the graphics card trains: an update takes 0.90 ms"));
        let settings = SacSettings { hidden: vec![8], batch: 4, ..SacSettings::default() };
        let mut agent = Agent::new(&settings, 3, 1, Seed(1)).expect("good settings");
        let before = agent.actor();
        let settled = settle(&mut agent, Wish::Cpu).expect("a processor");
        assert_eq!((settled.to_string(), settled.card), ("the processor trains".to_owned(), CardProof::NotAsked));
        assert_eq!(agent.actor(), before);
        assert!(time_processor(&agent) > Duration::ZERO);
        assert_eq!(agent.actor(), before);
    }
}
