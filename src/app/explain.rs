//! An explanation, joined: a journal read twice, and what the second reading found.
//!
//! Invariant: a journal that does not end as it says is not explained; this build would tell another run.
//! Absent on purpose: settings, market data, venues, words.

use super::replay::compare;
use super::{Ending, RunError};
use crate::runtime::explanation::{Course, Explanation, Question, Survey, Unexplained};
use crate::runtime::retelling::retell;

/// Opens the journal from its beginning each time.
pub fn run<R>(
    open: impl Fn() -> Result<R, RunError>,
    question: Question,
    only: Option<String>,
) -> Result<(Explanation, Ending), RunError>
where
    R: Iterator<Item = Result<String, String>>,
{
    let mut survey = Survey::new(question, only);
    let data = |error: crate::runtime::replay::ReplayError| RunError::Data(error.to_string());
    let retold = retell(open()?, |step| {
        survey.see(step);
        std::ops::ControlFlow::Continue(())
    });
    let retold = retold.map_err(data)?;
    let ending = match retold.said {
        Some(said) => compare(&retold.found, &said)?,
        None => Ending::Cut { inputs: retold.found.inputs },
    };
    let chosen = survey.choose().map_err(unexplained)?;
    let mut course = Course::new(chosen);
    if !course.is_complete() {
        retell(open()?, |step| course.see(step)).map_err(data)?;
    }
    Ok((course.finish(), ending))
}

fn unexplained(why: Unexplained) -> RunError {
    if why.is_question() { RunError::Settings(why.to_string()) } else { RunError::Data(why.to_string()) }
}
