//! Reads a description and what it refers to: files nearby, and addresses only as far as allowed.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use reqwest::Url;
use reqwest::redirect::Policy;
use scanner::api::Files;
use scanner::api::source::MOST_BYTES;
use tokio::runtime::Runtime;

use crate::exit::{No, reading};

/// How long one address may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// The description at `source`, a file or an address, with what its references lead to.
///
/// A file that a reference names is read if it lies below the document's directory or the working
/// directory; an address only with `allow_remote`, and then by HTTPS or at the document's own origin.
/// What is not read is remembered as not followed.
///
/// # Errors
/// The first file cannot be read.
pub fn read(source: &str, allow_remote: bool) -> Result<Files> {
    let (name, bytes, reach) = match address(source)? {
        Some(url) => {
            let web = Web::open()?;
            let bytes = web.get(&url, Policy::limited(5)).map_err(anyhow::Error::msg);
            let bytes = bytes.with_context(|| format!("reading {url}"))?;
            (url.to_string(), bytes, Reach { near: Vec::new(), origin: Some(url), allow_remote })
        }
        None => {
            let path = Path::new(source);
            let bytes = read_file(path).with_context(|| reading(path))?;
            let near = near(path).context("finding where this is")?;
            (source.to_owned(), bytes, Reach { near, origin: None, allow_remote })
        }
    };
    let read = Files::read(&name, bytes, &|wanted| reach.fetch(wanted));
    read.context(No::Usage(format!("`{source}` cannot be judged")))
}

/// Where references may lead.
struct Reach {
    /// Directories that files may lie in.
    near: Vec<PathBuf>,
    origin: Option<Url>,
    allow_remote: bool,
}

impl Reach {
    fn fetch(&self, wanted: &str) -> Result<Vec<u8>, String> {
        match Url::parse(wanted) {
            Ok(url) => self.remote(&url),
            Err(_) => self.local(Path::new(wanted)),
        }
    }

    fn remote(&self, url: &Url) -> Result<Vec<u8>, String> {
        if !self.allow_remote {
            return Err("it is elsewhere; `--allow-remote` fetches it".to_owned());
        }
        let own = self.origin.as_ref().is_some_and(|origin| origin.origin() == url.origin());
        if url.scheme() != "https" && !own {
            return Err("only HTTPS is fetched".to_owned());
        }
        // A redirect would lead where the document did not say.
        Web::open().map_err(|error| error.to_string())?.get(url, Policy::none())
    }

    fn local(&self, path: &Path) -> Result<Vec<u8>, String> {
        if self.origin.is_some() {
            return Err("a document from elsewhere names a file of this machine".to_owned());
        }
        let whole = path.canonicalize().map_err(|error| error.to_string())?;
        if !self.near.iter().any(|near| whole.starts_with(near)) {
            let next = "start the scan in a directory above both";
            return Err(format!("it lies neither beside the document nor below here; {next}"));
        }
        // A pipe or a terminal would make the scan wait.
        match whole.is_file() {
            true => read_file(&whole).map_err(|error| error.to_string()),
            false => Err("it is no regular file".to_owned()),
        }
    }
}

/// The working directory and the document's, without links in them; a pipe lies nowhere.
fn near(document: &Path) -> std::io::Result<Vec<PathBuf>> {
    let here = std::env::current_dir()?.canonicalize()?;
    let document = document.canonicalize().ok();
    let beside = document.as_deref().and_then(Path::parent).map(Path::to_owned);
    Ok(std::iter::once(here).chain(beside).collect())
}

/// No more than what is read of one file, and a byte, so that what is too long is seen to be.
fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// `Some` for an address.
fn address(source: &str) -> Result<Option<Url>> {
    if !source.starts_with("https://") && !source.starts_with("http://") {
        return Ok(None);
    }
    let url = Url::parse(source).with_context(|| No::Usage(format!("`{source}` is no address")))?;
    if !url.username().is_empty() || url.password().is_some() {
        let why = "an address with a password in it ends up in reports; leave it out";
        return Err(No::usage(why));
    }
    Ok(Some(url))
}

/// A client with a runtime of its own: a scan of a document has no other use for one.
struct Web {
    runtime: Runtime,
}

impl Web {
    fn open() -> Result<Self> {
        Ok(Self { runtime: tokio::runtime::Builder::new_current_thread().enable_all().build()? })
    }

    fn get(&self, url: &Url, redirects: Policy) -> Result<Vec<u8>, String> {
        self.runtime.block_on(get(url.clone(), redirects)).map_err(|error| format!("{error:#}"))
    }
}

async fn get(url: Url, redirects: Policy) -> Result<Vec<u8>> {
    let client = reqwest::Client::builder()
        .redirect(redirects)
        .timeout(PATIENCE)
        .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
        .build()?;
    let mut answer = client.get(url).send().await?;
    if !answer.status().is_success() {
        anyhow::bail!("it answered {}", answer.status());
    }
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            break;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(directory: &Path, name: &str, text: &str) -> String {
        let path = directory.join(name);
        std::fs::write(&path, text).expect("written");
        path.to_str().expect("a path").to_owned()
    }

    #[test]
    fn files_beside_the_document_are_read_and_others_are_not() {
        let here = tempfile::tempdir().expect("a directory");
        let elsewhere = tempfile::tempdir().expect("a directory");
        let secret = file(elsewhere.path(), "secret.yaml", "a: 1");
        file(here.path(), "shapes.yaml", "Order: {}");
        let link = here.path().join("link.yaml");
        std::os::unix::fs::symlink(&secret, &link).expect("a link");
        let refers =
            ["shapes.yaml#/Order", "link.yaml", &secret, "/dev/zero", "https://a.example/b"];
        let refers = refers.map(|to| format!("- $ref: '{to}'")).join("\n");
        let document = file(here.path(), "api.yaml", &refers);
        let files = read(&document, false).expect("read");
        let names: Vec<_> = files.list.iter().map(|file| file.name.as_str()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.iter().any(|name| name.ends_with("shapes.yaml")));
        assert_eq!(files.unfollowed.len(), 4, "{:?}", files.unfollowed);
    }

    #[test]
    fn what_cannot_be_read_is_the_users_to_mend() {
        for source in ["nowhere.yaml", "/", "https://u:p@a.example/x", "http://[x"] {
            let error = read(source, false).expect_err(source);
            assert_eq!(
                crate::exit::Exit::of(&error),
                crate::exit::Exit::Usage,
                "{source}: {error:#}"
            );
        }
    }
}
