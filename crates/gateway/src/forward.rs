//! Forwarding: the life of one call, from the end of its header to its line in the record.

mod answer;
mod upstream;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use domain::admission::Permit;
use domain::id::CredentialId;
use http::header::{CONTENT_LENGTH, EXPECT};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};
use pingora::upstreams::peer::HttpPeer;
use pingora::{BError, Error, ErrorSource, ErrorType, Result};

use crate::admit::{Admitted, admit, admitted};
use crate::flight::Flight;
use crate::gateway::Gateway;
use crate::health;
use crate::inject::inject;
use crate::lease::Lease;
use crate::listener::{Entered, Target, screen};
use crate::mask::Masker;
use crate::problem::{Form, Refused, Upstream};
use crate::route::Route;

/// How long the rest of a refused request's body is read, so that the connection can be kept.
const DRAIN: Duration = Duration::from_secs(1);

/// Serves the calls of one thread.
pub struct Life {
    gateway: Arc<Gateway>,
}

/// What is known of one call.
pub struct Ctx {
    entered: Arc<Entered>,
    passing: Option<Passing>,
    refused: Option<Refused>,
    masker: Masker,
    /// Whether the vendor's answer came in a coding that is taken off here.
    decoding: bool,
    /// Attempts to connect, counted over the addresses of the host.
    attempts: usize,
    /// The size of the state that it was last judged by.
    size: u64,
    began: Instant,
}

/// Where an admitted call goes, and with what.
struct Passing {
    route: Arc<Route>,
    lease: Arc<Lease>,
}

impl Ctx {
    fn flight(&self) -> &Flight {
        &self.entered.flight
    }

    /// Ends the call with an error that the refusal is answered for.
    fn refuse(&mut self, refused: Refused) -> BError {
        let error = Error::new(ErrorType::HTTPStatus(refused.status()));
        self.refused = Some(refused);
        error
    }
}

impl Life {
    pub fn new(gateway: Arc<Gateway>) -> Life {
        Life { gateway }
    }

    /// What it takes before anything is forwarded; the lease alone may have to be waited for.
    async fn open(&self, session: &Session, ctx: &mut Ctx) -> Result<Passing, Refused> {
        let (route, credential) = self.enter(session, ctx)?;
        let lease = self.gateway.leases.of(&route, credential).await;
        Ok(Passing { route, lease: lease.ok_or(Refused::NoCredential)? })
    }

    /// listener → admit → number: the call is in flight.
    fn enter(
        &self,
        session: &Session,
        ctx: &mut Ctx,
    ) -> Result<(Arc<Route>, CredentialId), Refused> {
        screen(session).map_err(Refused::Form)?;
        let target = target(session)?;
        let gateway = &self.gateway;
        let view = gateway.view.load();
        let Admitted { permit, route } =
            admit(gateway, &view, session, target).map_err(|refusal| {
                if let Some(number) = gateway.recorder.reserve() {
                    ctx.flight().number(number, refusal.subject);
                }
                refusal.refused
            })?;
        let number = gateway.recorder.reserve().ok_or(Refused::NoSpool)?;
        ctx.flight().number(number, admitted(&permit));
        ctx.size = permit.size();
        let key = gateway.flights.enter(&ctx.entered.flight, permit);
        let _ = ctx.entered.key.set(key);
        // Whatever came into force since the view was loaded would not have found this call.
        self.recheck(ctx)?;
        let credential = view.credential(&route).ok_or(Refused::NoCredential)?;
        Ok((route, credential))
    }

    /// INVARIANT: asked at every connection attempt, retry and message; a call that was cut or does
    /// not hold under the newest state goes no further.
    fn recheck(&self, ctx: &mut Ctx) -> Result<(), Refused> {
        let view = self.gateway.view.load();
        let flight = &ctx.entered.flight;
        let refused = |denied| Refused::Denied { denied, shown: true };
        let permit = flight.permit().ok_or(Refused::NoSuchPath)?;
        let clock = self.gateway.proof.clock();
        let held = self.gateway.recheck(&view, permit, clock);
        ctx.size = view.state.size();
        held.map_err(|denied| {
            flight.denied(denied.code());
            refused(denied)
        })
    }

    /// The cheap form for every chunk of a body: only a newer state is asked.
    fn still_holds(&self, ctx: &mut Ctx) -> Result<()> {
        if ctx.flight().is_cut() {
            return Err(Error::new(ErrorType::HTTPStatus(401)));
        }
        if self.gateway.view.load().state.size() != ctx.size {
            return self.recheck(ctx).map_err(|refused| ctx.refuse(refused));
        }
        Ok(())
    }

    /// Whether a body of a known length comes slower than is borne. A stream may take its time.
    fn is_slow(&self, session: &Session, ctx: &Ctx) -> bool {
        let bounds = &self.gateway.bounds;
        let late = ctx.began.elapsed().saturating_sub(bounds.body_grace);
        let owed = late.as_secs().saturating_mul(bounds.body_rate);
        owed > ctx.flight().bytes_in.load(Ordering::Relaxed)
            && session.req_header().headers.contains_key(CONTENT_LENGTH)
    }

    async fn answer(&self, session: &mut Session, ctx: &Ctx, refused: &Refused) -> Result<()> {
        let flight = ctx.flight();
        flight.status.store(refused.status(), Ordering::Relaxed);
        if !matches!(refused, Refused::Upstream(_)) {
            flight.denied(refused.code());
        }
        let (header, body) = refused.answer()?;
        send(session, header, body).await
    }

    /// The bounds of a caller's connection.
    fn bound(&self, session: &mut Session) {
        let timeouts = &self.gateway.timeouts;
        session.set_read_timeout(Some(timeouts.idle));
        session.set_write_timeout(Some(timeouts.idle));
        session.set_total_drain_timeout(Some(DRAIN));
        if session.get_keepalive().is_some() {
            session.set_keepalive(Some(timeouts.keep_alive.as_secs().max(1)));
        }
        session.upstream_compression.adjust_decompression(true);
    }
}

fn target(session: &Session) -> Result<Target<'_>, Refused> {
    let target = std::str::from_utf8(session.req_header().raw_path());
    Target::read(target.map_err(|_| Refused::Form(Form::Target))?).ok_or(Refused::NoSuchPath)
}

async fn send(session: &mut Session, header: ResponseHeader, body: Bytes) -> Result<()> {
    let empty = session.req_header().method == http::Method::HEAD;
    session.write_response_header(Box::new(header), empty).await?;
    match empty {
        true => Ok(()),
        false => session.write_response_body(Some(body), true).await,
    }
}

#[async_trait]
impl ProxyHttp for Life {
    type CTX = Ctx;

    fn new_ctx(&self) -> Ctx {
        let entered = Entered::current();
        entered.begin();
        Ctx {
            entered,
            passing: None,
            refused: None,
            masker: Masker::default(),
            decoding: false,
            attempts: 0,
            size: 0,
            began: Instant::now(),
        }
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Ctx) -> Result<bool> {
        self.bound(session);
        if session.req_header().uri.path() == health::PATH && screen(session).is_ok() {
            let (header, body) = self.gateway.health.report(&self.gateway).answer()?;
            send(session, header, body).await?;
            return Ok(true);
        }
        match self.open(session, ctx).await {
            Ok(passing) => {
                ctx.passing = Some(passing);
                // Answered here and not passed on: many a vendor would let the caller wait.
                if session.req_header().headers.contains_key(EXPECT) {
                    session.write_continue_response().await?;
                }
                Ok(false)
            }
            Err(refused) => {
                self.answer(session, ctx, &refused).await?;
                Ok(true)
            }
        }
    }

    async fn upstream_peer(&self, session: &mut Session, ctx: &mut Ctx) -> Result<Box<HttpPeer>> {
        self.recheck(ctx).map_err(|refused| ctx.refuse(refused))?;
        let Some(route) = ctx.passing.as_ref().map(|passing| passing.route.clone()) else {
            return Err(ctx.refuse(Refused::NoSuchPath));
        };
        let Gateway { names, timeouts, .. } = &*self.gateway;
        let found = upstream::addresses(&route, names, timeouts.connect).await;
        let addresses = found.map_err(|why| ctx.refuse(Refused::Upstream(why)))?;
        let turn = ctx.attempts % addresses.len().max(1);
        let Some(address) = addresses.get(turn) else {
            return Err(ctx.refuse(Refused::Upstream(Upstream::Unresolved)));
        };
        let peer = upstream::peer(&route, *address, timeouts, session.is_http2());
        peer.map(Box::new).map_err(|why| ctx.refuse(Refused::Upstream(why)))
    }

    async fn upstream_request_filter(
        &self,
        session: &mut Session,
        header: &mut RequestHeader,
        ctx: &mut Ctx,
    ) -> Result<()> {
        let target = target(session).map_err(|refused| ctx.refuse(refused))?;
        let Some(Passing { route, lease }) = &ctx.passing else {
            return Err(ctx.refuse(Refused::NoSuchPath));
        };
        inject(header, route, lease, target)
    }

    async fn request_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Ctx,
    ) -> Result<()> {
        let bytes = body.as_ref().map_or(0, Bytes::len) as u64;
        ctx.flight().bytes_in.fetch_add(bytes, Ordering::Relaxed);
        if !end && self.is_slow(session, ctx) {
            return Err(ctx.refuse(Refused::TooSlow));
        }
        self.still_holds(ctx)
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        header: &mut ResponseHeader,
        ctx: &mut Ctx,
    ) -> Result<()> {
        self.still_holds(ctx)?;
        let Some(Passing { lease, .. }) = &ctx.passing else {
            return Err(ctx.refuse(Refused::NoSuchPath));
        };
        let left = ctx.entered.flight.permit().and_then(Permit::left);
        let bodiless = session.req_header().method == http::Method::HEAD;
        if !answer::clean(header, &lease.spellings, left, bodiless)? {
            return Err(ctx.refuse(Refused::Upstream(Upstream::Answer)).into_up());
        }
        ctx.masker.patience = answer::patience(header);
        ctx.decoding = session.upstream_compression.get_info().is_some();
        ctx.flight().status.store(header.status.as_u16(), Ordering::Relaxed);
        Ok(())
    }

    fn response_body_filter(
        &self,
        session: &mut Session,
        body: &mut Option<Bytes>,
        end: bool,
        ctx: &mut Ctx,
    ) -> Result<Option<Duration>> {
        self.still_holds(ctx)?;
        // The engine passes on what it cannot decode; nobody could search that for the credential.
        if ctx.decoding && session.upstream_compression.get_info().is_none() {
            return Err(ctx.refuse(Refused::Upstream(Upstream::Answer)).into_up());
        }
        if let Some(Passing { lease, .. }) = &ctx.passing {
            let chunk = body.take().unwrap_or_default();
            let chunk = ctx.masker.pass(&lease.spellings, chunk, end);
            ctx.flight().bytes_out.fetch_add(chunk.len() as u64, Ordering::Relaxed);
            *body = (!chunk.is_empty()).then_some(chunk);
        }
        Ok(None)
    }

    async fn response_trailer_filter(
        &self,
        _: &mut Session,
        trailers: &mut http::HeaderMap,
        ctx: &mut Ctx,
    ) -> Result<Option<Bytes>> {
        if let Some(Passing { lease, .. }) = &ctx.passing {
            answer::mask(trailers, &lease.spellings);
        }
        Ok(None)
    }

    /// Nothing was sent yet: the next address may be tried, whatever the method.
    fn fail_to_connect(
        &self,
        _: &mut Session,
        _: &HttpPeer,
        ctx: &mut Ctx,
        mut error: BError,
    ) -> BError {
        ctx.attempts += 1;
        let route = ctx.passing.as_ref().map(|passing| &passing.route);
        let known = route.and_then(|route| route.resolved.load_full());
        let more = known.is_some_and(|known| ctx.attempts < known.addresses.len());
        if let Some(route) = route.filter(|_| !more) {
            // The name may point elsewhere by now.
            route.resolved.store(None);
        }
        error.set_retry(more);
        error
    }

    /// Only a safe method is tried again, and only when a kept connection turned out to be closed
    /// before a byte was answered (RFC 9110 §9.2.2).
    fn error_while_proxy(
        &self,
        _: &HttpPeer,
        session: &mut Session,
        mut error: BError,
        _: &mut Ctx,
        reused: bool,
    ) -> BError {
        let answered = session.response_written().is_some();
        let safe = session.req_header().method.is_safe() && !session.retry_buffer_truncated();
        match safe && !answered {
            true => error.retry.decide_reuse(reused),
            false => error.set_retry(false),
        }
        error
    }

    async fn fail_to_proxy(
        &self,
        session: &mut Session,
        error: &Error,
        ctx: &mut Ctx,
    ) -> FailToProxy {
        let refused = ctx.refused.take().or_else(|| upstream::why(error));
        let gone = FailToProxy { error_code: 0, can_reuse_downstream: false };
        let Some(refused) = refused else { return gone };
        if session.response_written().is_some_and(|header| !header.status.is_informational()) {
            return gone;
        }
        tracing::debug!(code = refused.code(), source = source(error), "a call was not forwarded");
        // The connection ends with this answer; a caller who is not told sends the next call into it.
        session.set_keepalive(None);
        match self.answer(session, ctx, &refused).await {
            Ok(()) => FailToProxy { error_code: refused.status(), can_reuse_downstream: false },
            Err(_) => gone,
        }
    }

    /// The engine's own words hold targets, and with them queries.
    fn suppress_error_log(&self, _: &Session, _: &Ctx, _: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(
        &self,
        _: &Session,
        _: &Ctx,
        _: &Error,
        _: ProxyWarnLogContext,
    ) -> bool {
        true
    }

    fn request_summary(&self, session: &Session, _: &Ctx) -> String {
        session.req_header().method.to_string()
    }
}

fn source(error: &Error) -> &'static str {
    match error.esource() {
        ErrorSource::Upstream => "upstream",
        ErrorSource::Downstream => "caller",
        ErrorSource::Internal | ErrorSource::Unset => "gateway",
    }
}
