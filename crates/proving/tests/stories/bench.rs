//! A vendor of one's own with a client that trusts its authority.

use std::time::Duration;

use proving::{AUDIENCE, RateLimit, Running, Switches, Vendor, VendorConfig, Weakness};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method, RequestBuilder, Response, StatusCode};
use serde_json::Value;

/// Few enough to be used up quickly, more than any other test sends.
pub const REQUESTS: u32 = 25;

pub struct Bench {
    pub vendor: Running,
    pub client: Client,
}

impl Bench {
    pub async fn hardened() -> Self {
        Self::with(Switches::hardened()).await
    }

    pub async fn with(switches: Switches) -> Self {
        Self::limited(switches, REQUESTS).await
    }

    /// With so many requests before the limit.
    pub async fn limited(switches: Switches, requests: u32) -> Self {
        let window = Duration::from_secs(600);
        let rate = RateLimit { requests, anonymous_requests: requests, window };
        let heartbeat = Duration::from_millis(10);
        let config = VendorConfig { switches, rate, heartbeat, ..VendorConfig::default() };
        Self::start(config).await
    }

    pub async fn start(config: VendorConfig) -> Self {
        let vendor = Vendor::start(config).await.unwrap();
        let bad = [
            Weakness::CertificateExpired,
            Weakness::CertificateWrongName,
            Weakness::CertificateUntrusted,
        ];
        let bad = bad.iter().any(|weakness| vendor.switches().has(*weakness));
        let trusted = Certificate::from_pem(vendor.ca_pem.as_bytes()).unwrap();
        let client = Client::builder()
            .no_proxy()
            .tls_certs_only([trusted])
            .tls_danger_accept_invalid_certs(bad)
            .redirect(Policy::none())
            .timeout(Duration::from_secs(20))
            .build()
            .unwrap();
        Self { vendor, client }
    }

    pub fn token(&self, subject: &str) -> String {
        self.vendor.mint(subject, AUDIENCE, 300, &self.vendor.scopes(subject)).unwrap()
    }

    pub fn request(&self, method: Method, path: &str, credential: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.vendor.base_url));
        if credential.is_empty() { request } else { request.bearer_auth(credential) }
    }

    pub async fn get(&self, path: &str, credential: &str) -> Response {
        self.request(Method::GET, path, credential).send().await.unwrap()
    }

    pub async fn status(&self, path: &str, credential: &str) -> StatusCode {
        self.get(path, credential).await.status()
    }

    pub async fn json(&self, path: &str, credential: &str) -> Value {
        self.get(path, credential).await.json().await.unwrap()
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        credential: &str,
        body: &Value,
    ) -> (StatusCode, Value) {
        let response = self.request(method, path, credential).json(body).send().await.unwrap();
        let status = response.status();
        (status, response.json().await.unwrap_or(Value::Null))
    }

    /// The id of the first item of a list.
    pub async fn first(&self, list: &str, credential: &str) -> String {
        self.json(list, credential).await["items"][0]["id"].as_str().unwrap().to_owned()
    }
}
