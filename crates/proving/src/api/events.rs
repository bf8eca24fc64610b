//! The tracking events of a parcel: a server-sent event stream that goes on until someone leaves.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, unfold};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, interval};

use crate::input::Id;
use crate::problem::Problem;
use crate::scope::Principal;
use crate::site::{OpenStream, Site, now, stopped};
use crate::store::{Parcel, ParcelStatus, Use};

struct Feed {
    sequence: u64,
    history: VecDeque<Value>,
    heartbeat: Interval,
    stopping: watch::Receiver<bool>,
    _open: OpenStream,
}

/// First what happened to the parcel so far, as `tracking`, then a `heartbeat` at every interval.
pub(crate) async fn stream(
    State(site): State<Arc<Site>>,
    Extension(asker): Extension<Principal>,
    Id(id): Id,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let history = history(site.store().parcel(&id, &asker, Use::Read)?);
    let mut heartbeat = interval(site.heartbeat);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stopping = site.stopping.clone();
    let feed = Feed { sequence: 0, history, heartbeat, stopping, _open: OpenStream::of(site) };
    Ok(Sse::new(unfold(feed, next)))
}

/// The next event; none when the vendor stops.
async fn next(mut feed: Feed) -> Option<(Result<Event, Infallible>, Feed)> {
    feed.sequence += 1;
    let event = Event::default().id(feed.sequence.to_string());
    if let Some(past) = feed.history.pop_front() {
        return Some((Ok(event.event("tracking").data(past.to_string())), feed));
    }
    tokio::select! {
        () = stopped(&feed.stopping) => None,
        _ = feed.heartbeat.tick() => {
            let beat = json!({ "at": now() }).to_string();
            Some((Ok(event.event("heartbeat").data(beat)), feed))
        }
    }
}

fn history(parcel: &Parcel) -> VecDeque<Value> {
    let mut statuses = vec![ParcelStatus::Created];
    if parcel.status != ParcelStatus::Created {
        statuses.push(parcel.status);
    }
    statuses
        .into_iter()
        .map(|status| json!({ "status": status, "at": parcel.created_at }))
        .collect()
}
