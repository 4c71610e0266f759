//! `Rest`: what is asked once, at a start or after a gap: time, rules, bars, balances, book, open orders, own trades.
//!
//! Invariant: every call here only reads, so it may be repeated; each passes the turnstile first.
//! Absent on purpose: order entry, which goes over the WebSocket API (`gateway`).
//! Source: rest-api.md.

use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;

use super::credentials::Credentials;
use super::endpoints::{Address, Endpoints};
use super::error::{Error, RECONNECT_PAUSE};
use super::limiter::{Limiter, Turnstile, wall_now};
use crate::domain::{BalanceUpdate, Bar, Span, Symbol, SymbolRules, Time};
use crate::protocol::book_sync::{self, DepthSnapshot};
use crate::protocol::convert::{BAR_INTERVAL, balances_of_account, bar_of_row};
use crate::protocol::filters::ExchangeInfo;
use crate::protocol::messages::TimeUnit;
use crate::protocol::messages::market::Depth;
use crate::protocol::messages::order::{MyTrade, OrderRow};
use crate::protocol::messages::rest::{Account, KlineRow, ServerTime};
use crate::protocol::weights::{Call, UsedCount, retry_after};
use crate::protocol::{Params, VenueError};

/// Longest wait for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// Longest wait for the rate limit: a whole weight window and a little.
const PATIENCE: Span = Span::from_seconds(65);
/// A call is made this often before its error is handed on.
const ATTEMPTS: u32 = 4;
/// Most bars of one answer.
const PAGE: usize = 1_000;
const UNIT: TimeUnit = TimeUnit::Millisecond;

#[derive(Debug)]
pub struct Rest {
    client: reqwest::Client,
    base: Address,
    credentials: Credentials,
    turnstile: Turnstile,
}

/// What became of one attempt.
struct Attempt {
    error: Error,
    /// False when a repetition would end the same way.
    repeat: bool,
}

impl Rest {
    pub fn new(endpoints: &Endpoints, credentials: Credentials) -> Result<Rest, Error> {
        Rest::at(endpoints.rest.clone(), credentials)
    }

    pub(super) fn at(base: Address, credentials: Credentials) -> Result<Rest, Error> {
        // A proxy or a redirect could lead away from the address that was checked.
        let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let builder = builder.tls_backend_preconfigured(super::tls::settings().map_err(Error::Fatal)?);
        let built = builder.tcp_nodelay(true).timeout(ANSWER_LIMIT).build();
        let client = built.map_err(|error| Error::Fatal(format!("the HTTP client cannot be built: {error}")))?;
        let turnstile = Turnstile { limiter: Limiter::default(), patience: PATIENCE };
        Ok(Rest { client, base, credentials, turnstile })
    }

    /// The venue's clock.
    pub async fn time(&mut self) -> Result<Time, Error> {
        let answer: ServerTime = self.get(Call::Time, Params::new(), None).await?;
        Ok(UNIT.read(answer.server_time))
    }

    /// The rules of these symbols, in this order. Learns the rate limits on the way.
    pub async fn rules(&mut self, symbols: &[Symbol]) -> Result<Vec<SymbolRules>, Error> {
        let names: Vec<&str> = symbols.iter().map(Symbol::as_str).collect();
        let list = serde_json::to_string(&names).map_err(|error| Error::Fatal(error.to_string()))?;
        let info: ExchangeInfo = self.get(Call::ExchangeInfo, Params::new().with("symbols", list), None).await?;
        self.turnstile.limiter.learn_limits(wall_now(), &info.rate_limits);
        let rules = names.iter().map(|name| {
            let row = info.symbol(name).ok_or_else(|| Error::Fatal(format!("the venue does not list {name}")))?;
            SymbolRules::try_from(row).map_err(|error| Error::Fatal(error.to_string()))
        });
        rules.collect()
    }

    /// The last `count` bars that were closed at `until`, oldest first; fewer when the market is younger.
    pub async fn klines(&mut self, symbol: &Symbol, until: Time, count: usize) -> Result<Vec<Bar>, Error> {
        let mut bars: Vec<Bar> = Vec::with_capacity(count);
        let mut end = until.minute();
        while bars.len() < count {
            let limit = (count - bars.len()).min(PAGE);
            let params = Params::new().with("symbol", symbol).with("interval", BAR_INTERVAL);
            let params = params.with("endTime", end.millis() - 1).with("limit", limit);
            let rows: Vec<KlineRow> = self.get(Call::Klines, params, None).await?;
            let page: Result<Vec<Bar>, _> = rows.iter().map(|row| bar_of_row(row, UNIT)).collect();
            let mut page = page.map_err(|error| Error::Fatal(format!("a bar of {symbol} is unusable: {error}")))?;
            page.retain(|bar| bar.open_time.plus(Bar::INTERVAL) <= end);
            let Some(first) = page.first() else { break };
            end = first.open_time;
            let is_last = page.len() < limit;
            bars.splice(0..0, page);
            if is_last {
                break;
            }
        }
        Ok(bars)
    }

    /// The rows from `from` on that open before `to`, oldest first, at most 1,000; the last may still be forming.
    pub(super) async fn kline_rows(&mut self, symbol: &Symbol, from: Time, to: Time) -> Result<Vec<KlineRow>, Error> {
        let params = Params::new().with("symbol", symbol).with("interval", BAR_INTERVAL);
        let params = params.with("startTime", from.millis()).with("endTime", to.millis() - 1).with("limit", PAGE);
        self.get(Call::Klines, params, None).await
    }

    /// All balances that are not zero.
    pub async fn balances(&mut self, now: Time) -> Result<BalanceUpdate, Error> {
        let params = Params::new().with("omitZeroBalances", "true");
        let account: Account = self.get(Call::Account, params, Some(now)).await?;
        Ok(balances_of_account(&account, UNIT))
    }

    /// The book's best `limit` levels (1 to 5,000), for `book_sync`.
    pub async fn depth(&mut self, symbol: &Symbol, limit: u32) -> Result<DepthSnapshot, Error> {
        let params = Params::new().with("symbol", symbol).with("limit", limit);
        let depth: Depth = self.get(Call::Depth { limit }, params, None).await?;
        let levels = |side: &[crate::protocol::messages::Level]| {
            side.iter().map(|level| book_sync::Level { price: level.0, quantity: level.1 }).collect()
        };
        Ok(DepthSnapshot { last_update_id: depth.last_update_id, bids: levels(&depth.bids), asks: levels(&depth.asks) })
    }

    /// Orders that are open on one symbol; on all of them at a much higher weight.
    pub async fn open_orders(&mut self, now: Time, symbol: Option<&Symbol>) -> Result<Vec<OrderRow>, Error> {
        let mut params = Params::new();
        if let Some(symbol) = symbol {
            params.push("symbol", symbol);
        }
        self.get(Call::OpenOrders { one_symbol: symbol.is_some() }, params, Some(now)).await
    }

    /// Own trades of a symbol since `from`, oldest first, at most 1,000.
    pub async fn my_trades(&mut self, now: Time, symbol: &Symbol, from: Time) -> Result<Vec<MyTrade>, Error> {
        let params = Params::new().with("symbol", symbol).with("startTime", from.millis()).with("limit", PAGE);
        self.get(Call::MyTrades { of_order: false }, params, Some(now)).await
    }

    /// Makes a reading call, again where the venue allows it. `signed_at` signs it.
    async fn get<T: DeserializeOwned>(
        &mut self,
        call: Call,
        params: Params,
        signed_at: Option<Time>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let mut attempt = 1;
        loop {
            self.turnstile.pass(call).await?;
            // After a wait the first timestamp would be outside of the window.
            let waited = if attempt > 1 { started.elapsed() } else { Duration::ZERO };
            let elapsed = Span(i64::try_from(waited.as_micros()).unwrap_or(i64::MAX));
            let failed = match self.attempt(call, &params, signed_at.map(|time| time.plus(elapsed))).await {
                Ok(body) => return decode(call, &body),
                Err(failed) => failed,
            };
            if !failed.repeat || attempt >= ATTEMPTS {
                return Err(failed.error);
            }
            tracing::warn!(call = ?call, error = %failed.error, attempt, "a request is repeated");
            if !matches!(failed.error, Error::Retry { .. }) {
                tokio::time::sleep(RECONNECT_PAUSE.to_duration()).await;
            }
            attempt += 1;
        }
    }

    async fn attempt(&mut self, call: Call, params: &Params, signed_at: Option<Time>) -> Result<String, Attempt> {
        let Some((_, path)) = call.names().rest else {
            return Err(Attempt { error: Error::Fatal(format!("{call:?} has no REST path")), repeat: false });
        };
        let query = match signed_at {
            Some(now) => self.credentials.rest_query(params.clone(), now),
            None => params.to_query(),
        };
        let separator = if query.is_empty() { "" } else { "?" };
        let mut request = self.client.get(self.base.url(&format!("{path}{separator}{query}")));
        if signed_at.is_some() {
            request = request.header("X-MBX-APIKEY", self.credentials.key());
        }
        let response = request.send().await.map_err(|error| self.lost(&error))?;
        let status = response.status().as_u16();
        let now = wall_now();
        let mut named = None;
        for (name, value) in response.headers() {
            let Ok(value) = value.to_str() else { continue };
            if let Some(used) = UsedCount::from_header(name.as_str(), value) {
                self.turnstile.limiter.learn(now, used);
            } else if name.as_str().eq_ignore_ascii_case("retry-after") {
                named = retry_after(value);
            }
        }
        let body = response.text().await.map_err(|error| self.lost(&error))?;
        if status == 200 {
            return Ok(body);
        }
        let refusal = VenueError::from_answer(status, &body);
        let until_ban_ends = refusal.banned_until().map(|until| until.since(now));
        let named = named.into_iter().chain(until_ban_ends).max();
        self.turnstile.limiter.react(now, refusal.reaction().waiting(named));
        let error = Error::of(&refusal, named);
        let repeat = matches!(error, Error::Retry { .. } | Error::OutcomeUnknown { .. });
        Err(Attempt { error, repeat })
    }

    /// No answer, or half of one. The call only reads, so it may be made again.
    fn lost(&mut self, error: &reqwest::Error) -> Attempt {
        if error.is_connect() {
            self.turnstile.limiter.block(wall_now(), RECONNECT_PAUSE);
            return Attempt { error: Error::unreachable("the venue's REST address", sources(error)), repeat: true };
        }
        Attempt { error: Error::OutcomeUnknown { why: sources(error) }, repeat: true }
    }
}

fn decode<T: DeserializeOwned>(call: Call, body: &str) -> Result<T, Error> {
    serde_json::from_str(body).map_err(|error| Error::Fatal(format!("the answer to {call:?} is unreadable: {error}")))
}

/// The error with what it came from; reqwest's own line names only the URL.
pub(super) fn sources(error: &reqwest::Error) -> String {
    let mut text = "the connection broke".to_owned();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
