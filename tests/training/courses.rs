//! A course is the same whether or not it was interrupted, and `kestrel train sac` as a script sees it.

use std::path::Path;
use std::process::{Command, Output};

use kestrel::domain::Seed;
use kestrel::training::course::{CoursePlan, Judged, Progress, run};
use kestrel::training::environment::pendulum::Pendulum;
use kestrel::training::sac::Agent;
use kestrel::training::trainer::Trainer;
use kestrel::training::{Flow, TrainingError, recipes};
use serde_json::Value;

/// 400 steps of a small agent; a judge that likes the tenth look best. Stopped at this look where there is one.
fn course(keep: Option<&Path>, stop_at: Option<u64>) -> Result<(Progress, Vec<f32>), TrainingError> {
    counted(keep, stop_at, &mut 0)
}

/// Also counts the looks that were taken anew.
fn counted(keep: Option<&Path>, stop_at: Option<u64>, looks: &mut u32) -> Result<(Progress, Vec<f32>), TrainingError> {
    let mut settings = recipes::pendulum(8);
    (settings.start_steps, settings.sac.batch) = (50, 16);
    let mut trainer = Trainer::new(settings, vec![Pendulum::new(Seed(3)), Pendulum::new(Seed(3))], Seed(3))?;
    let plan = CoursePlan { steps: 400, look_every: 20, judge_every: 2, patience: 0, keep, keep_every: 1_000 };
    let mut judge = |agent: &mut Agent| {
        let mut action = [0.0];
        agent.act(&[1.0, 0.0, 0.5], &mut action);
        let judged = Judged { score: f64::from(action[0]), worth: Default::default() };
        Ok(Some(judged))
    };
    let progress = run(&mut trainer, plan, &mut judge, &|| 0.0, &mut |point| {
        *looks += 1;
        if stop_at == Some(point.steps) { Flow::Stop } else { Flow::Continue }
    })?;
    let weights = trainer.agent_mut().actor().layers.into_iter().flat_map(|layer| layer.weights).collect();
    Ok((progress, weights))
}

#[test]
fn a_course_that_was_stopped_twice_ends_as_one_that_was_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("course.checkpoint");
    let whole = course(None, None).expect("a course");
    for stop in [120, 300] {
        let stopped = course(Some(&file), Some(stop));
        assert!(matches!(stopped, Err(TrainingError::Stopped)), "{stopped:?}");
    }
    let mut looks = 0;
    let resumed = counted(Some(&file), None, &mut looks).expect("the rest");
    assert_eq!(resumed, whole);
    assert_eq!(looks, 5, "it went on from the 300th step");
    assert_eq!(resumed.0.points.len(), 20);
    assert!(resumed.0.best.is_some_and(|(steps, _)| steps == resumed.0.kept()));
    let again = counted(Some(&file), None, &mut looks).expect("nothing is left to do");
    assert_eq!((again, looks), (whole, 5));
}

fn train(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kestrel"));
    command.args(["train", "sac"]).args(arguments).current_dir(folder);
    command.env("KESTREL_HOME", folder.join("home"));
    command.output().expect("the program starts")
}

fn script(output: &Output) -> Value {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    assert_eq!(text.trim_end().lines().count(), 1, "{text}");
    serde_json::from_str(&text).expect("one object")
}

#[test]
fn the_pendulum_needs_no_data_and_tells_scripts_what_it_learnt() {
    let folder = tempfile::tempdir().expect("a folder");
    let small = ["--env", "pendulum", "--steps", "300", "--hidden", "16", "--eval-episodes", "3", "--json"];
    let told = script(&train(folder.path(), &[&small[..], &["--seed", "4", "--out", "swing"]].concat()));
    assert_eq!(
        (told["steps"].as_u64(), told["eval_episodes"].as_u64(), told["seed"].as_u64()),
        (Some(300), Some(3), Some(4))
    );
    for name in ["eval_return", "updates", "updates_per_second", "cpu_seconds"] {
        assert!(told[name].as_f64().is_some_and(f64::is_finite), "{name}: {told}");
    }
    assert!(told["eval_return"].as_f64().is_some_and(|mean| mean < 0.0));
    assert!(folder.path().join("swing/seed-4.checkpoint").exists() && folder.path().join("swing/curves.html").exists());
    let page = std::fs::read_to_string(folder.path().join("swing/curves.html")).expect("the page");
    assert!(page.contains("<svg") && page.contains("kestrel train sac --env pendulum --steps 300 --seed 4"), "{page}");

    let told = script(&train(folder.path(), &[&small[..], &["--seed", "4", "--seeds", "2"]].concat()));
    let runs = told["runs"].as_array().expect("a run for each seed");
    assert_eq!(runs.iter().map(|run| run["seed"].as_u64()).collect::<Vec<_>>(), [Some(4), Some(5)]);
    assert!(!folder.path().join("home/training/pendulum/seed-4.checkpoint").exists(), "nobody asked for it");
    assert!(!folder.path().join("home/models").exists(), "nothing is installed");
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let refused = |arguments: &[&str], status: i32, sentence: &str| {
        let output = train(folder.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty() && said.contains(sentence) && said.lines().count() == 1, "{said}");
    };
    refused(&[], 2, "name files or symbols of the catalogue with --data");
    refused(&["--data", "none.parquet"], 2, "give --out a name");
    refused(&["--data", "none.parquet", "--out", "Agent!"], 2, "is no name of a model");
    refused(&["--env", "pendulum", "--data", "none.parquet"], 2, "the pendulum has no market");
    refused(&["--env", "pendulum", "--steps", "0"], 2, "--steps");
    refused(&["--env", "cartpole"], 2, "cartpole");
    let seeds = ["--env", "pendulum", "--seed", "18446744073709551615", "--seeds", "2"];
    refused(&seeds, 2, "give a smaller one");
    refused(&["--data", "none.parquet", "--out", "agent", "--held-out-percent", "0"], 2, "nothing would judge");
    let help = train(folder.path(), &["--help"]);
    let text = String::from_utf8_lossy(&help.stdout);
    assert!(help.status.success() && text.contains("--walk-forward") && text.contains("--env"), "{text}");
}
