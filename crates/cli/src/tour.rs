//! The tour: the whole story against two bundled vendors, in one terminal. The executable specification.

pub mod cast;
pub mod scenes;
pub mod stage;

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use serde::Serialize;

use crate::show::Show;
use stage::Stage;

#[derive(Debug, Clone, Args)]
pub struct TourOptions {
    /// Keep what the tour made in this directory
    #[arg(long, conflicts_with = "against")]
    pub data: Option<PathBuf>,
    /// Play on a running server, whose operator's key is `--operator`
    #[arg(long, requires = "operator", value_name = "URL")]
    pub against: Option<String>,
    /// The operator's SSH key, to play on a running server
    #[arg(long, value_name = "FILE")]
    pub operator: Option<PathBuf>,
}

/// What one step showed.
#[derive(Debug, Clone, Serialize)]
pub struct Step {
    pub step: String,
    pub ok: bool,
    /// The ledger's size behind it.
    pub entry: Option<u64>,
    pub detail: String,
}

/// Prints the steps as they happen and remembers whether all behaved.
pub struct Narrator {
    show: Show,
    number: usize,
    failed: usize,
}

impl Narrator {
    pub fn new(show: Show) -> Narrator {
        Narrator { show, number: 0, failed: 0 }
    }

    /// A line of the story between steps.
    pub fn say(&self, text: &str) {
        if !self.show.json {
            println!("\n{text}");
        }
    }

    pub fn step(&mut self, step: Step) {
        self.number += 1;
        self.failed += usize::from(!step.ok);
        if self.show.json {
            println!("{}", serde_json::to_string(&step).unwrap_or_default());
            return;
        }
        let mark = if step.ok { "✓" } else { "✗" };
        println!("{:>3}. {mark} {}", self.number, step.step);
        step.detail.lines().for_each(|line| println!("       {line}"));
    }
}

/// Plays every scene; an error means that a step did not behave.
pub async fn tour(options: TourOptions, show: Show) -> Result<()> {
    let mut narrator = Narrator::new(show);
    narrator.say(
        "Portcullis: a ticket brings a vendor's API in, a request brings a token out, a gateway\n\
         admits a call only if the ledger proves it may pass. The people here are demo people.",
    );
    let mut stage = Stage::set(&options, &mut narrator).await?;
    let played = scenes::play(&mut stage, &mut narrator).await;
    let closed = stage.close(&mut narrator).await;
    played?;
    closed?;
    if narrator.failed > 0 {
        bail!("{} of {} steps did not behave", narrator.failed, narrator.number);
    }
    narrator.say(&format!(
        "All {} steps behaved. Next: `portcullis up` starts a server of your own.",
        narrator.number
    ));
    Ok(())
}
