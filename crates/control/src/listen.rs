//! Control's listener: how many connections there may be, and how long each may take to ask something.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};

/// Open connections of all clients; whoever comes then waits in the kernel's queue.
const CONNECTIONS: usize = 1_024;
/// Until the head of a request must be there, from the connection or the answer before it on.
const HEAD: Duration = Duration::from_secs(10);
/// Until requests that run when the server stops must have their answers.
const GRACE: Duration = Duration::from_secs(30);
/// After a failed accept (no more file descriptors, mostly).
const PAUSE: Duration = Duration::from_millis(100);

/// Serves the router until `stopped` says so, and lets requests that run then end.
pub async fn serve(listener: TcpListener, router: Router, mut stopped: watch::Receiver<bool>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let connections = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>((place, listener.accept().await?.0))
        };
        let (place, stream) = tokio::select! {
            () = until(&mut stopped) => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!("a client could not be accepted: {error}");
                    sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = http.serve_connection(io_of(stream), service);
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            // How a connection ends is the client's affair.
            let _ = connection.await;
            drop(place);
        });
    }
    drop(listener);
    if timeout(GRACE, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests were not answered within {GRACE:?} after the stop");
    }
}

/// Returns once the server shall stop, or nobody is left to say so.
async fn until(stopped: &mut watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// An answer is written in few pieces, which leave at once.
fn io_of(stream: TcpStream) -> TokioIo<TcpStream> {
    let _ = stream.set_nodelay(true);
    TokioIo::new(stream)
}
