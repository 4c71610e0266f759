//! The addresses and keys of an exchange that already runs.
//!
//! Invariant: keys come from the environment, never from the command line, where other users could read them.
//! Absent on purpose: any default address of Binance; which hosts are allowed stands in `binance::endpoints`.

use super::failure::Failure;
use crate::app::demo::Venue;
use crate::binance::{Credentials, EndpointError, Endpoints};

const KEY_VARIABLE: &str = "KESTREL_API_KEY";
const SECRET_VARIABLE: &str = "KESTREL_API_SECRET";

/// All three addresses and both variables, or none: `None` then, and the run starts its own exchange.
pub fn find(urls: [Option<&str>; 3], variable: impl Fn(&str) -> Option<String>) -> Result<Option<Venue>, Failure> {
    let (rest, stream, ws_api) = match urls {
        [None, None, None] => return Ok(None),
        [Some(rest), Some(stream), Some(ws_api)] => (rest, stream, ws_api),
        [_, _, _] => {
            let text = "--rest-url, --stream-url and --ws-api-url belong together; give all three or none";
            return Err(Failure::Usage(text.into()));
        }
    };
    let endpoints = Endpoints::loopback(rest, stream, ws_api).map_err(|error| match error {
        EndpointError::Elsewhere { .. } => Failure::Refused(error.to_string()),
        EndpointError::NotAnAddress { .. } | EndpointError::Encrypted { .. } => Failure::Usage(error.to_string()),
    })?;
    let needed = |name: &str| {
        let text = "is not set; an exchange at --rest-url needs KESTREL_API_KEY and KESTREL_API_SECRET";
        let value = variable(name).filter(|value| !value.is_empty());
        value.ok_or_else(|| Failure::Usage(format!("the variable {name} {text}")))
    };
    let credentials = Credentials::new(&needed(KEY_VARIABLE)?, &needed(SECRET_VARIABLE)?);
    Ok(Some(Venue { endpoints, credentials }))
}
