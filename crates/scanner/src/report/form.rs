//! The forms in which a report is handed on, behind one door.

use super::baseline::Counts;
use super::verdict::Threshold;
use super::{Report, html, junit, markdown, sarif, text};

/// A form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For a terminal.
    Text,
    /// Whole, as `docs/scan-report.schema.json` describes it.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test results.
    Junit,
    /// A comment on a pull request.
    Markdown,
    /// One self-contained page.
    Html,
}

/// How a report is to be shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    pub threshold: Threshold,
    /// Every place and every finding, where a form would leave some out.
    pub all: bool,
    /// With the colours of a terminal.
    pub colour: bool,
    /// How it compared with the baseline that was taken from it.
    pub against: Option<Counts>,
}

impl Form {
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Json, Self::Sarif, Self::Junit, Self::Markdown, Self::Html];

    /// As it is written on the command line.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Markdown => "markdown",
            Self::Html => "html",
        }
    }

    /// The form that a file's name asks for, by its ending.
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        match ending.to_ascii_lowercase().as_str() {
            "txt" => Some(Self::Text),
            "json" => Some(Self::Json),
            "sarif" => Some(Self::Sarif),
            "xml" => Some(Self::Junit),
            "md" => Some(Self::Markdown),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }

    /// The report in this form, with the end of its last line.
    ///
    /// # Errors
    /// None that can be met: a report holds only what JSON can.
    pub fn write(self, report: &Report, view: &View) -> Result<String, serde_json::Error> {
        let text = match self {
            Self::Text => text::screen(report, view),
            Self::Json => serde_json::to_string_pretty(report)?,
            Self::Sarif => serde_json::to_string_pretty(&sarif::sarif(report, view))?,
            Self::Junit => junit::junit(report, view),
            Self::Markdown => markdown::comment(report, view),
            Self::Html => html::page(report, view),
        };
        Ok(text.trim_end().to_owned() + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ending_names_its_form() {
        let of = |name| Form::of_name(name).map(Form::code);
        assert_eq!(of("out/report.sarif"), Some("sarif"));
        assert_eq!(of("a.b.HTML"), Some("html"));
        assert_eq!(of("junit.xml"), Some("junit"));
        assert_eq!((of("report"), of("report.pdf")), (None, None));
    }
}
