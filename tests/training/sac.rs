//! The agent against the paper read plainly in double precision: gradients by finite differences, one update, resuming.
//!
//! Adam's first moments after one step are a tenth of the gradients, so a checkpoint shows the gradients of a whole
//! update.

use kestrel::domain::Seed;
use kestrel::training::checkpoint::Checkpoint;
use kestrel::training::sac::gaussian::{SquashedGaussian, fill_noise};
use kestrel::training::sac::network::{Layout, Rows, Tape};
use kestrel::training::sac::{Agent, Batch, SacSettings, TemperatureSettings};

const HIDDEN: [usize; 2] = [7, 6];

/// A network as `Layout` documents it, in double precision and one number at a time.
#[derive(Clone, Copy)]
struct Plain {
    inputs: usize,
    outputs: usize,
    copies: usize,
    norm: bool,
}

impl Plain {
    fn layout(self) -> Layout {
        Layout::new(self.inputs, &HIDDEN, self.outputs, self.copies, self.norm)
    }

    /// Outputs of one copy for one row.
    fn outputs(self, weights: &[f64], row: &[f64], copy: usize) -> Vec<f64> {
        let (mut at, mut numbers) = (0, row.to_vec());
        for (depth, width) in HIDDEN.into_iter().enumerate() {
            let (inputs, wide) = (numbers.len(), self.copies * width);
            let weight = |input: usize, unit: usize| match depth {
                0 => weights[at + input * wide + copy * width + unit],
                _ => weights[at + (copy * inputs + input) * width + unit],
            };
            let affine = at + inputs * wide;
            let part = |part: usize, unit: usize| weights[affine + part * wide + copy * width + unit];
            let dot = |unit: usize| (0..inputs).map(|input| numbers[input] * weight(input, unit)).sum::<f64>();
            let mut linear: Vec<f64> = (0..width).map(|unit| dot(unit) + part(0, unit)).collect();
            if self.norm {
                let mean = linear.iter().sum::<f64>() / width as f64;
                let variance = linear.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / width as f64;
                let scaled = linear.iter().map(|x| (x - mean) / (variance + 1e-5).sqrt());
                linear = scaled.enumerate().map(|(unit, x)| x * part(1, unit) + part(2, unit)).collect();
            }
            at = affine + wide * if self.norm { 3 } else { 1 };
            numbers = linear.iter().map(|x| x.max(0.0)).collect();
        }
        let (inputs, bias) = (numbers.len(), at + self.copies * self.outputs * numbers.len());
        let output = |output: usize| {
            let place = copy * self.outputs + output;
            let dot = (0..inputs).map(|input| numbers[input] * weights[at + place * inputs + input]).sum::<f64>();
            dot + weights[bias + place]
        };
        (0..self.outputs).map(output).collect()
    }
}

/// The slope of a function in every direction, by central differences.
fn slopes(at: &[f64], function: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    const STEP: f64 = 1e-6;
    let mut moved = at.to_vec();
    let mut slope = |place: usize| {
        let [above, below] = [STEP, -STEP].map(|step| {
            moved[place] = at[place] + step;
            function(&moved)
        });
        moved[place] = at[place];
        (above - below) / (2.0 * STEP)
    };
    (0..at.len()).map(&mut slope).collect()
}

fn wide(numbers: &[f32]) -> Vec<f64> {
    numbers.iter().map(|x| f64::from(*x)).collect()
}

fn numbers(seed: u64, len: usize) -> Vec<f32> {
    let mut noise = vec![0.0; len];
    fill_noise(&mut Seed(seed).stream("numbers"), &mut noise);
    noise.iter().map(|x| *x as f32).collect()
}

/// The largest difference, against the largest of what is wanted.
fn apart(found: &[f32], wanted: &[f64]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let size = wanted.iter().fold(1e-9_f64, |size, x| size.max(x.abs()));
    let pairs = found.iter().zip(wanted);
    pairs.map(|(found, wanted)| (f64::from(*found) - wanted).abs()).fold(0.0, f64::max) / size
}

/// First weights with every gain and shift moved, so that no gradient hides.
fn weights(layout: &Layout, seed: u64) -> Vec<f32> {
    let fresh = layout.fresh(&mut Seed(seed).stream("weights"));
    fresh.iter().zip(numbers(seed, layout.len())).map(|(weight, noise)| weight + 0.2 * noise).collect()
}

#[test]
fn networks_and_their_gradients_are_those_of_finite_differences() {
    const ROWS: usize = 5;
    for (case, (copies, outputs, norm)) in
        [(1, 4, false), (2, 1, false), (2, 1, true), (2, 3, true)].into_iter().enumerate()
    {
        let plain = Plain { inputs: 4, outputs, copies, norm };
        let (layout, seed) = (plain.layout(), case as u64);
        let weights = weights(&layout, seed);
        // Rows lie in a wider table and begin at its third row, as in an update.
        let (stride, before) = (6, 2);
        let table = numbers(seed + 10, (before + ROWS) * stride);
        let factors = numbers(seed + 20, ROWS * copies * outputs);
        let objective = |weights: &[f64]| -> f64 {
            let rows = wide(&table[before * stride..]);
            let of_row = |(row, factors): (&[f64], &[f32])| -> f64 {
                let values = (0..copies).flat_map(|copy| plain.outputs(weights, &row[..4], copy));
                values.zip(factors).map(|(value, factor)| value * f64::from(*factor)).sum()
            };
            rows.chunks_exact(stride).zip(factors.chunks_exact(copies * outputs)).map(of_row).sum()
        };
        let (mut tape, mut out) = (Tape::default(), vec![0.0; (before + ROWS) * copies * outputs]);
        let all = Rows { numbers: &table, rows: before + ROWS, stride };
        layout.forward(&weights, all, &mut tape, &mut out);
        let total: f64 = wide(&out[before * copies * outputs..]).iter().zip(wide(&factors)).map(|(a, b)| a * b).sum();
        assert!((total - objective(&wide(&weights))).abs() < 1e-5, "case {case}");
        let mut gradients = vec![f32::NAN; layout.len()];
        let own = Rows { numbers: &table[before * stride..], rows: ROWS, stride };
        layout.backward(&weights, own, (&mut tape, before), &factors, &mut gradients);
        let far = apart(&gradients, &slopes(&wide(&weights), objective));
        assert!(far < 1e-5, "case {case}: {far}");
    }
}

#[test]
fn gradients_of_inputs_through_the_chosen_critic_are_those_of_finite_differences() {
    const ROWS: usize = 7;
    for norm in [false, true] {
        let plain = Plain { inputs: 5, outputs: 1, copies: 2, norm };
        let layout = plain.layout();
        let weights = weights(&layout, 31);
        let table = numbers(32, ROWS * 5);
        let (mut tape, mut out) = (Tape::default(), vec![0.0; ROWS * 2]);
        layout.forward(&weights, Rows { numbers: &table, rows: ROWS, stride: 5 }, &mut tape, &mut out);
        let chosen = [0, 1, 1, 0, 1, 1, 1];
        let mut found = vec![0.0; ROWS * 2];
        layout.backward_to_inputs(&weights, &mut tape, (&chosen, 0.7), (3, &mut found));
        let all = slopes(&wide(&table), |table| {
            let rows = table.chunks_exact(5).zip(chosen);
            rows.map(|(row, copy)| 0.7 * plain.outputs(&wide(&weights), row, copy)[0]).sum()
        });
        let wanted: Vec<f64> = all.chunks_exact(5).flat_map(|row| row[3..].to_vec()).collect();
        assert!(apart(&found, &wanted) < 1e-5, "norm {norm}");
    }
}

const SEEN: usize = 4;
const ACTED: usize = 2;
const BATCH: usize = 9;

fn batch(seed: u64) -> Batch {
    let part = |part: u64, len: usize| numbers(seed * 10 + part, BATCH * len);
    Batch {
        rows: BATCH,
        observations: part(0, SEEN),
        actions: part(1, ACTED).iter().map(|x| x.tanh()).collect(),
        rewards: part(2, 1),
        next_observations: part(3, SEEN),
        discounts: (0..BATCH).map(|row| if row == 2 { 0.0 } else { 0.9 }).collect(),
    }
}

fn settings(layer_norm: bool) -> SacSettings {
    let temperature = TemperatureSettings::Auto { start: 0.3, target_entropy: None };
    SacSettings { hidden: HIDDEN.to_vec(), layer_norm, batch: BATCH, temperature, ..SacSettings::default() }
}

fn saved(agent: &Agent) -> Checkpoint {
    let mut checkpoint = Checkpoint::new(0);
    agent.save(&mut checkpoint).expect("an agent is saved");
    checkpoint
}

/// The draws of all dimensions of a row.
fn draws(policy: &[f64], noise: &[f64]) -> (Vec<f64>, f64) {
    let dimension = |at: usize| SquashedGaussian::clamped(policy[at], policy[ACTED + at]).draw(noise[at]);
    let draws: Vec<_> = (0..ACTED).map(dimension).collect();
    (draws.iter().map(|draw| draw.action).collect(), draws.iter().map(|draw| draw.log_probability()).sum())
}

fn rows(table: &[f32], len: usize) -> Vec<Vec<f64>> {
    table.chunks_exact(len).map(wide).collect()
}

const ACTOR: Plain = Plain { inputs: SEEN, outputs: 2 * ACTED, copies: 1, norm: false };

fn least(critics: Plain, theta: &[f64], input: &[f64]) -> f64 {
    critics.outputs(theta, input, 0)[0].min(critics.outputs(theta, input, 1)[0])
}

/// y of each row.
fn soft_targets(
    batch: &Batch,
    (phi, targets): (&[f64], &[f64]),
    (critics, alpha): (Plain, f64),
    noise: &[f64],
) -> Vec<f64> {
    let of_row = |(row, next): (usize, Vec<f64>)| {
        let (action, log_probability) = draws(&ACTOR.outputs(phi, &next, 0), &noise[row * ACTED..]);
        let value = least(critics, targets, &[next, action].concat());
        f64::from(batch.rewards[row]) + f64::from(batch.discounts[row]) * (value - alpha * log_probability)
    };
    rows(&batch.next_observations, SEEN).into_iter().enumerate().map(of_row).collect()
}

#[test]
fn one_update_is_the_papers_for_critics_actor_temperature_and_targets() {
    for norm in [false, true] {
        let critics = Plain { inputs: SEEN + ACTED, outputs: 1, copies: 2, norm };
        let mut agent = Agent::new(&settings(norm), SEEN, ACTED, Seed(5)).expect("good settings");
        // Some updates first: weights, targets and gains are then all different.
        let noise: Vec<f64> = wide(&numbers(50, 2 * BATCH * ACTED));
        for turn in 0..40 {
            agent.update_with_noise(&batch(turn), &noise);
        }
        let (before, alpha, batch) = (saved(&agent), agent.alpha(), batch(99));
        let mut again = Agent::new(&settings(norm), SEEN, ACTED, Seed(6)).expect("good settings");
        again.load(&before).expect("a saved agent");
        let losses = again.update_with_noise(&batch, &noise);
        let after = saved(&again);
        let read = |from: &Checkpoint, name: &str| from.floats(name).expect("a part");
        // m <- 0.9 m + 0.1 g
        let gradients = |net: &str| -> Vec<f32> {
            let name = format!("sac {net} first moments");
            read(&after, &name).iter().zip(read(&before, &name)).map(|(m, old)| (m - 0.9 * old) / 0.1).collect()
        };
        let phi = wide(&read(&before, "sac actor weights"));
        let targets = wide(&read(&before, "sac targets"));
        let wanted = soft_targets(&batch, (&phi, &targets), (critics, alpha), &noise);
        let inputs: Vec<Vec<f64>> = rows(&batch.observations, SEEN)
            .iter()
            .zip(rows(&batch.actions, ACTED))
            .map(|(observation, action)| [&observation[..], &action[..]].concat())
            .collect();
        let critic_loss = |theta: &[f64]| -> f64 {
            let squares = |row: usize| -> f64 {
                (0..2).map(|copy| 0.5 * (critics.outputs(theta, &inputs[row], copy)[0] - wanted[row]).powi(2)).sum()
            };
            (0..BATCH).map(squares).sum::<f64>() / BATCH as f64
        };
        let theta = wide(&read(&before, "sac critics weights"));
        assert!((losses.critic - critic_loss(&theta)).abs() < 1e-5 * losses.critic.max(1.0), "norm {norm}");
        assert!((losses.target_q - wanted.iter().sum::<f64>() / BATCH as f64).abs() < 1e-5);
        let far = apart(&gradients("critics"), &slopes(&theta, critic_loss));
        assert!(far < 2e-5, "critics, norm {norm}: {far}");
        // The actor learns from critics that have just moved.
        let theta = wide(&read(&after, "sac critics weights"));
        let policy = |phi: &[f64]| -> (f64, f64) {
            let terms = rows(&batch.observations, SEEN).into_iter().enumerate().map(|(row, observation)| {
                let noise = &noise[(BATCH + row) * ACTED..];
                let (action, log_probability) = draws(&ACTOR.outputs(phi, &observation, 0), noise);
                let value = least(critics, &theta, &[observation, action].concat());
                (alpha * log_probability - value, -log_probability)
            });
            let (loss, entropy) = terms.fold((0.0, 0.0), |(a, b), (c, d)| (a + c, b + d));
            (loss / BATCH as f64, entropy / BATCH as f64)
        };
        let (loss, entropy) = policy(&phi);
        assert!((losses.actor - loss).abs() < 1e-5 && (losses.entropy - entropy).abs() < 1e-5, "norm {norm}");
        let far = apart(&gradients("actor"), &slopes(&phi, |phi| policy(phi).0));
        assert!(far < 2e-5, "actor, norm {norm}: {far}");
        let steps =
            |name: &str| after.doubles(name).expect("a part")[1] - 0.9 * before.doubles(name).expect("a part")[1];
        let slope = -alpha * (-entropy - ACTED as f64);
        assert!((steps("sac temperature") / 0.1 - slope).abs() < 1e-5, "temperature, norm {norm}");
        let moved = targets.iter().zip(&theta).map(|(target, weight)| target + 0.005 * (weight - target));
        assert!(apart(&read(&after, "sac targets"), &moved.collect::<Vec<f64>>()) < 1e-6, "targets, norm {norm}");
    }
}

#[test]
fn a_loaded_agent_learns_and_acts_on_to_the_last_bit() {
    let learn = |agent: &mut Agent, turns: std::ops::Range<u64>| {
        for turn in turns {
            agent.update(&batch(turn), &mut Seed(turn).stream("noise"));
        }
    };
    let settings = SacSettings { pull_to_first: 1e-3, longest_gradient: Some(0.5), ..settings(true) };
    let mut whole = Agent::new(&settings, SEEN, ACTED, Seed(7)).expect("good settings");
    learn(&mut whole, 0..20);
    let mut halves = Agent::new(&settings, SEEN, ACTED, Seed(7)).expect("good settings");
    learn(&mut halves, 0..10);
    let kept = saved(&halves);
    let mut other = Agent::new(&settings, SEEN, ACTED, Seed(8)).expect("good settings");
    other.load(&kept).expect("a saved agent");
    assert_eq!(saved(&other), kept);
    learn(&mut other, 10..20);
    assert_eq!(saved(&other), saved(&whole));
    let observations = numbers(3, 6 * SEEN);
    let (mut ours, mut theirs) = (vec![0.0; 6 * ACTED], vec![0.0; 6 * ACTED]);
    whole.act(&observations, &mut ours);
    other.act(&observations, &mut theirs);
    assert_eq!(ours, theirs);
    let actor = whole.actor();
    for (row, action) in observations.chunks_exact(SEEN).zip(ours.chunks_exact(ACTED)) {
        assert!(actor.act(row).iter().zip(action).all(|(a, b)| (a - b).abs() < 1e-6));
    }
    let mut narrow = Agent::new(&settings, SEEN + 1, ACTED, Seed(8)).expect("good settings");
    assert!(narrow.load(&kept).is_err());
}

#[test]
fn shrinking_keeps_a_share_and_sleeping_units_are_seen() {
    let mut agent = Agent::new(&settings(true), SEEN, ACTED, Seed(7)).expect("good settings");
    let weights = |agent: &Agent| saved(agent).floats("sac critics weights").expect("a part");
    let before = weights(&agent);
    agent.shrink_and_perturb(1.0, &mut Seed(1).stream("fresh"));
    assert_eq!(weights(&agent), before);
    agent.shrink_and_perturb(0.9, &mut Seed(1).stream("fresh"));
    let moved =
        weights(&agent).iter().zip(&before).map(|(now, old)| f64::from((now - 0.9 * old).abs())).fold(0.0, f64::max);
    assert!(moved > 0.01 && moved <= 0.11, "{moved}");
    let found = agent.diagnose(&batch(1));
    assert!(found.critic_rank > 1.0 && found.critic_rank <= 6.0 && found.critic_norm > 1.0, "{found:?}");
    assert!((0.0..1.0).contains(&found.critic_dormant), "{found:?}");
}
