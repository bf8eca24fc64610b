//! The list of verbs in `--help`, in groups, each with its line.

use clap::{Command, CommandFactory as _};

use super::Args;

/// Every verb in the order in which a new user needs it.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Start", &["tour", "up", "login", "logout", "whoami"]),
    ("Judge an API", &["scan"]),
    ("Bring an API in", &["vendor", "standard", "ticket", "service"]),
    ("Bring a token out", &["policy", "request", "token"]),
    ("Who may act", &["person", "machine", "settings", "act"]),
    ("Keep and prove", &["ledger", "backup", "restore", "openapi"]),
];

/// The command line, with its verbs in groups.
pub fn command() -> Command {
    let command = Args::command();
    let line = |name: &&str| {
        let about = command.find_subcommand(name).and_then(Command::get_about);
        format!("  {name:<10} {}\n", about.map(ToString::to_string).unwrap_or_default())
    };
    let group = |(title, names): (&str, &[&str])| {
        format!("{title}:\n{}\n", names.iter().map(line).collect::<String>())
    };
    let verbs: String = GROUPS.into_iter().map(group).collect();
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{verbs}{{options}}{{after-help}}"
    );
    command.help_template(template)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_stands_in_one_group() {
        let command = Args::command();
        let shown = command.get_subcommands().filter(|verb| !verb.is_hide_set());
        let mut shown: Vec<_> = shown.map(Command::get_name).collect();
        let mut grouped: Vec<_> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        shown.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(shown, grouped);
    }

    /// Walks down to the verbs that do something.
    fn without_example(verb: &Command, path: &str, missing: &mut Vec<String>) {
        let path = format!("{path} {}", verb.get_name());
        let below: Vec<_> = verb.get_subcommands().filter(|verb| !verb.is_hide_set()).collect();
        below.iter().for_each(|below| without_example(below, &path, missing));
        let said = verb.get_after_help().map(ToString::to_string).unwrap_or_default();
        if below.is_empty() && !said.contains("portcullis") {
            missing.push(path);
        }
    }

    #[test]
    fn every_verb_has_an_example() {
        let mut missing = Vec::new();
        without_example(&Args::command(), "", &mut missing);
        assert!(missing.is_empty(), "{missing:?}");
    }
}
