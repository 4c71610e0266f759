//! `Session`: one model in the native library, with its input and output in place.
//!
//! Invariant: a call writes into tensors that were bound before and reads from them; on the processor it allocates nothing
//! here. A value that is not finite never leaves as a number.
//! Absent on purpose: which provider (`provider`), which model (`models`); checks of the file's operators (`onnx`).

use std::ffi::CStr;

use ort::AsPointer;
use ort::ep::CUDA;
use ort::logging::LogLevel;
use ort::session::IoBinding;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{Outlet, Tensor, TensorElementType, ValueType};

use super::library::{self, Library};
use super::provider::Provider;

/// Name of the graph's input: float32 [batch, width].
pub const INPUT: &str = "observations";
/// Names that the graph's output, float32 [batch, 1], may have (`onnx::build::Answer`), and as the library reads them.
const OUTPUTS: [(&str, &CStr); 2] = [("probability", c"probability"), ("exposure", c"exposure")];
/// Sizes for which tensors are kept; more would only be met where sizes change all the time.
const MOST_BOUND: usize = 16;

/// Why a model cannot be opened or run. The texts are sentences without their end.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum SessionError {
    #[error("{0}")]
    Library(String),
    /// The graph has another input or output than the card says.
    #[error("{0}")]
    Shape(String),
    /// The library refused the model.
    #[error("ONNX Runtime refuses the model ({0}); install another one")]
    Refused(String),
    /// The library was built with CUDA, but the card, its driver or a part of the model is not fit for it.
    #[error("CUDA cannot run the model here ({0})")]
    Card(String),
    #[error("ONNX Runtime failed while running the model ({0})")]
    Run(String),
    #[error("the model's output is not a finite number")]
    NotFinite,
    #[error("{found} numbers were given, a row has {width}")]
    Width { found: usize, width: usize },
}

pub struct Session {
    // Before the session, so that they go first.
    bound: Vec<Bound>,
    session: ort::session::Session,
    /// Name of its output.
    output: &'static CStr,
    width: usize,
    provider: Provider,
}

/// Tensors for one number of rows.
struct Bound {
    rows: usize,
    binding: IoBinding,
    input: Tensor<f32>,
    output: Tensor<f32>,
}

impl Session {
    /// `width`: numbers in a row, observations times columns.
    pub fn open(onnx: &[u8], width: usize, library: &Library, provider: Provider) -> Result<Session, SessionError> {
        let environment = library::environment(library).map_err(SessionError::Library)?;
        let session = build(onnx, environment, provider).map_err(|error| match provider {
            Provider::Cpu => SessionError::Refused(one_line(&error)),
            Provider::Cuda => SessionError::Card(one_line(&error)),
        })?;
        check(session.inputs(), &[INPUT], width)?;
        let output = OUTPUTS[check(session.outputs(), &OUTPUTS.map(|(name, _)| name), 1)?].1;
        let mut session = Session { bound: Vec::new(), session, output, width, provider };
        session.bind(1)?;
        Ok(session)
    }

    pub fn provider(&self) -> Provider {
        self.provider
    }

    /// Numbers in a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The output of one row.
    pub fn run(&mut self, input: &[f32]) -> Result<f32, SessionError> {
        let mut output = [0.0];
        self.run_rows(input, &mut output)?;
        if output[0].is_finite() { Ok(output[0]) } else { Err(SessionError::NotFinite) }
    }

    /// Outputs of any number of rows in as few calls as there are ones in its binary form: tensors are kept for powers of
    /// two only. Outputs that are not finite stay as they are; the caller looks.
    pub fn run_batch(&mut self, input: &[f32], outputs: &mut [f32]) -> Result<(), SessionError> {
        self.check_size(input, outputs.len())?;
        let (mut input, mut outputs) = (input, outputs);
        while !outputs.is_empty() {
            let rows = 1_usize << outputs.len().ilog2();
            let (now, later) = input.split_at(rows * self.width);
            let (filled, open) = outputs.split_at_mut(rows);
            self.run_rows(now, filled)?;
            (input, outputs) = (later, open);
        }
        Ok(())
    }

    /// As `run_batch`, in one call.
    pub fn run_rows(&mut self, input: &[f32], outputs: &mut [f32]) -> Result<(), SessionError> {
        self.check_size(input, outputs.len())?;
        let at = self.bind(outputs.len())?;
        let bound = &mut self.bound[at];
        bound.input.extract_tensor_mut().1.copy_from_slice(input);
        if self.provider == Provider::Cuda {
            // A card has a copy of its own, taken when it is bound.
            bound.binding.bind_input(INPUT, &bound.input).map_err(|error| SessionError::Run(one_line(&error)))?;
        }
        self.session.run_binding(&bound.binding).map_err(|error| SessionError::Run(one_line(&error)))?;
        outputs.copy_from_slice(bound.output.extract_tensor().1);
        Ok(())
    }

    fn check_size(&self, input: &[f32], rows: usize) -> Result<(), SessionError> {
        if rows > 0 && input.len() == rows * self.width {
            return Ok(());
        }
        Err(SessionError::Width { found: input.len() / rows.max(1), width: self.width })
    }

    /// The place of the tensors for so many rows, which are made where they are not there.
    fn bind(&mut self, rows: usize) -> Result<usize, SessionError> {
        if let Some(at) = self.bound.iter().position(|bound| bound.rows == rows) {
            return Ok(at);
        }
        let bound = Bound::new(&self.session, self.output, rows, self.width);
        let bound = bound.map_err(|error| SessionError::Run(one_line(&error)))?;
        if self.bound.len() >= MOST_BOUND {
            // The first one, for single rows, stays.
            self.bound.truncate(1);
        }
        self.bound.push(bound);
        Ok(self.bound.len() - 1)
    }
}

impl Bound {
    fn new(session: &ort::session::Session, name: &CStr, rows: usize, width: usize) -> Result<Bound, ort::Error> {
        let mut binding = session.create_binding()?;
        let input = Tensor::from_array(([rows, width], vec![0.0_f32; rows * width]))?;
        let output = Tensor::from_array(([rows, 1], vec![0.0_f32; rows]))?;
        binding.bind_input(INPUT, &input)?;
        bind_output(&mut binding, name, &output)?;
        Ok(Bound { rows, binding, input, output })
    }
}

/// Binds the output without giving it away: the crate's own way keeps the tensor and hands out a new handle, from the heap,
/// after each call.
fn bind_output(binding: &mut IoBinding, name: &CStr, output: &Tensor<f32>) -> Result<(), ort::Error> {
    // SAFETY: binding, name and value are alive during the call. The library keeps a share of the value (`BindOutput` in
    // onnxruntime_c_api.h), and `Bound` holds binding and tensor together, so what it writes to is there as long as it writes.
    unsafe { ort::Error::result_from_status((ort::api().BindOutput)(binding.ptr_mut(), name.as_ptr(), output.ptr())) }
}

fn build(
    onnx: &[u8],
    environment: &ort::environment::Environment,
    provider: Provider,
) -> Result<ort::session::Session, ort::Error> {
    // One thread: a call is far shorter than waking another one.
    let mut builder = ort::session::Session::builder(environment)?
        .with_log_level(LogLevel::Error)?
        .with_intra_threads(1)?
        .with_inter_threads(1)?
        .with_intra_op_spinning(false)?
        .with_optimization_level(GraphOptimizationLevel::All)?;
    if provider == Provider::Cuda {
        // Both or nothing: a part that silently stayed on the processor would make the timed proof a proof of nothing.
        builder = builder
            .with_execution_providers([CUDA::default().build().error_on_failure()])?
            .with_disable_cpu_fallback()?;
    }
    builder.commit_from_memory(onnx)
}

/// There is one of it, with one of these names, float32 [free, width]; the place of the name.
fn check(found: &[Outlet], names: &[&str], width: usize) -> Result<usize, SessionError> {
    let wanted = format!("allowed is one: `{}`, float32 [batch, {width}]", names.join("` or `"));
    let [outlet] = found else {
        let names: Vec<&str> = found.iter().map(Outlet::name).collect();
        let found = names.join(", ");
        return Err(SessionError::Shape(format!("the model has the tensors {found} at this end, {wanted}")));
    };
    let has_shape = match outlet.dtype() {
        ValueType::Tensor { ty: TensorElementType::Float32, shape, .. } => shape[..] == [-1, width as i64],
        ValueType::Tensor { .. } | ValueType::Sequence(_) | ValueType::Map { .. } | ValueType::Optional(_) => false,
    };
    if let Some(place) = names.iter().position(|name| outlet.name() == *name).filter(|_| has_shape) {
        return Ok(place);
    }
    let (name, kind) = (outlet.name(), outlet.dtype());
    Err(SessionError::Shape(format!("the model has the tensor `{name}`, {kind}, {wanted}")))
}

/// The library's own words on one line, not too many of them, and without the lines of its source.
fn one_line<T>(error: &ort::Error<T>) -> String {
    let message = error.message();
    let said = message.rsplit_once("FAIL : ").map_or(message, |(_, said)| said);
    let words: Vec<&str> = said.split_whitespace().collect();
    words.join(" ").trim_end_matches([':', '.']).chars().take(300).collect()
}
