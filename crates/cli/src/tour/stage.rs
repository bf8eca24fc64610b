//! The tour's stage: a server, two vendors, the cast.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use proving::{Authority, Running as VendorRunning, Switches, Tls, Vendor, VendorConfig, Weakness};
use std::sync::Arc;

use super::cast::{Player, bring_in};
use super::{Narrator, Step, TourOptions};
use crate::home::Home;
use crate::show::count;
use crate::sign::Signer;
use crate::up::genesis::make_ssh_key;
use crate::up::limits::Limits;
use crate::up::{Running, UpOptions, start};
use crate::verify;

/// Everything that the scenes play with.
pub struct Stage {
    /// Requests, attaches, calls.
    pub dana: Player,
    /// Reviews as security.
    pub rosa: Player,
    /// Reviews as procurement.
    pub paul: Player,
    pub operator: Player,
    /// A service account.
    pub agent: Player,
    pub weak: VendorRunning,
    pub hardened: VendorRunning,
    pub production: VendorRunning,
    pub http: reqwest::Client,
    pub gateway_url: String,
    /// Names are unique for ever: another tour on the same server takes others.
    pub suffix: String,
    folder: PathBuf,
    server: Option<Running>,
    data: Option<PathBuf>,
    // Dropped last: the folder goes with it.
    _temporary: Option<tempfile::TempDir>,
}

impl Stage {
    pub async fn set(options: &TourOptions, narrator: &mut Narrator) -> Result<Stage> {
        let temporary = tempfile::tempdir().context("making a temporary directory")?;
        let folder = options.data.clone().unwrap_or_else(|| temporary.path().to_owned());
        crate::home::private_dir(&folder)?;
        let (server, url, gateway_url, signer) = match &options.against {
            Some(url) => {
                let key = options.operator.as_deref().context("--operator names the key")?;
                (None, url.clone(), String::new(), Signer::load(key)?)
            }
            None => own_server(&folder, narrator).await?,
        };
        let operator = Player::enter(&url, signer).await?;
        let head = operator.see("/v1/ledger").await?;
        let gateway_url = match gateway_url.is_empty() {
            true => crate::client::text(&head, "gateway").to_owned(),
            false => gateway_url,
        };
        let keys = folder.join("people");
        crate::home::private_dir(&keys)?;
        let suffix = match &server {
            Some(_) => String::new(),
            None => format!("-{}", head.get("size").cloned().unwrap_or_default()),
        };
        let (vendor_weak, vendor_hardened, production) = vendors().await?;
        let enter =
            async |name: &str, roles: &[&str]| bring_in(&operator, &keys, &url, name, roles).await;
        let dana = enter(&format!("dana{suffix}"), &["security"]).await?;
        let rosa = enter(&format!("rosa{suffix}"), &["security"]).await?;
        let paul = enter(&format!("paul{suffix}"), &["procurement"]).await?;
        let agent = enter(&format!("report{suffix}-agent"), &[]).await?;
        let detail = "dana asks, rosa reviews security, paul reviews procurement, report-agent is a \
                      service account; the operator signed for each of them";
        let data = server.as_ref().map(|_| folder.join("data"));
        let mut stage = Stage {
            dana,
            rosa,
            paul,
            operator,
            agent,
            weak: vendor_weak,
            hardened: vendor_hardened,
            production,
            http: reqwest::Client::new(),
            gateway_url,
            suffix,
            folder,
            server,
            data,
            _temporary: options.data.is_none().then_some(temporary),
        };
        stage.done(narrator, "people come in, each with an SSH key", detail).await?;
        Ok(stage)
    }

    /// A step that behaved, with the ledger's size behind it.
    pub async fn done(&mut self, to: &mut Narrator, step: &str, detail: &str) -> Result<()> {
        self.record(to, step, true, detail).await
    }

    pub async fn record(
        &mut self,
        to: &mut Narrator,
        step: &str,
        ok: bool,
        detail: &str,
    ) -> Result<()> {
        let head = self.operator.see("/v1/ledger").await?;
        let entry = head.get("size").and_then(serde_json::Value::as_u64);
        to.step(Step { step: step.to_owned(), ok, entry, detail: detail.to_owned() });
        Ok(())
    }

    /// Stops the server and verifies what it left, from genesis.
    pub async fn close(self, narrator: &mut Narrator) -> Result<()> {
        let Stage { server, data, weak, hardened, production, folder, _temporary, .. } = self;
        weak.stop().await;
        hardened.stop().await;
        production.stop().await;
        let (Some(server), Some(data)) = (server, data) else { return Ok(()) };
        let genesis = server.genesis;
        server.stop().await?;
        let report = verify::run(&data, Some(genesis), None).await?;
        let detail = format!(
            "{} in {}, every signature and decision made again; {} in {}",
            count(report.entries, "entry", "entries"),
            count(report.batches, "attested batch", "attested batches"),
            count(report.calls, "call", "calls"),
            count(report.segments, "committed segment", "committed segments"),
        );
        let entry = Some(report.entries);
        let step = "`portcullis ledger verify`, from genesis".to_owned();
        narrator.step(Step { step, ok: report.calls > 0, entry, detail });
        if _temporary.is_none() {
            narrator.say(&format!("Everything is kept in {}", folder.display()));
        }
        Ok(())
    }
}

type Server = (Option<Running>, String, String, Signer);

async fn own_server(folder: &Path, narrator: &mut Narrator) -> Result<Server> {
    let key = folder.join("operator");
    make_ssh_key(&key)?;
    let home = Home { config: folder.join("config") };
    let data = folder.join("data");
    let options = UpOptions {
        data: Some(data),
        database: None,
        listen: ([127, 0, 0, 1], 0).into(),
        gateway: ([127, 0, 0, 1], 0).into(),
        url: None,
        gateway_url: None,
        origin: Some("tour.portcullis.local".to_owned()),
        operator_key: Some(key.with_extension("pub")),
        operator: Some("olga".to_owned()),
        demo: true,
        limits: Limits::default(),
    };
    let server = start(&home, &options).await?;
    let detail = format!(
        "control {}, gateway {}, genesis {}",
        server.url, server.gateway_url, server.genesis
    );
    let step = "a server starts: genesis with olga's SSH key".to_owned();
    narrator.step(Step { step, ok: true, entry: Some(1), detail });
    let (url, gateway) = (server.url.clone(), server.gateway_url.clone());
    Ok((Some(server), url, gateway, Signer::load(&key)?))
}

/// The same API three times: weak, hardened, and the hardened one's production.
async fn vendors() -> Result<(VendorRunning, VendorRunning, VendorRunning)> {
    let authority = Arc::new(Authority::generate()?);
    let config = |switches| VendorConfig {
        tls: Tls::Shared(authority.clone()),
        ..VendorConfig::with_switches(switches)
    };
    let weak = Switches::weak()
        .without(Weakness::CertificateExpired)
        .without(Weakness::CertificateWrongName)
        .without(Weakness::CertificateUntrusted)
        // It would sign with a shared secret, and what ignores signatures is about key pairs.
        .without(Weakness::TokenWeakSecret);
    let weak = Vendor::start(config(weak)).await?;
    let hardened = Vendor::start(config(Switches::hardened())).await?;
    let production = Vendor::start(config(Switches::hardened())).await?;
    Ok((weak, hardened, production))
}
