//! Statements that are true beside statements that are false: answered alike where they are data.

use super::flaws::BY_TRUTH;
use super::probe::{Look, Probe};
use crate::live::Gap;
use crate::live::invent::Marker;
use crate::live::reply::Reply;
use crate::report::{Exchange, Finding};

/// How often a pair is asked in turns before it is believed.
const ROUNDS: usize = 3;

/// How a truth is written after a value. `{t}` stands for two numbers that are equal or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `v' AND '7'='7`
    Quoted,
    /// `v%' AND '7%'='7`, within a `LIKE`.
    Like,
    /// `v') AND ('7'='7`
    Bracketed,
    /// `v" AND "7"="7`
    Double,
    /// `v AND 7=7`
    Bare,
    /// `8-1` in the place of `7`
    Sum,
    /// `word' OR '7'='7`, which only a false word can show; never where rows could be changed.
    Or,
}

const FORMS: [Form; 7] =
    [Form::Quoted, Form::Like, Form::Bracketed, Form::Double, Form::Bare, Form::Sum, Form::Or];

impl Form {
    fn fits(self, probe: &Probe<'_, '_>) -> bool {
        let number = probe.value.parse::<i64>().is_ok();
        match self {
            Self::Bare | Self::Sum => number,
            Self::Or => probe.only_reads(),
            _ => true,
        }
    }

    fn written(self, value: &str, left: u64, right: u64) -> String {
        match self {
            Self::Quoted => format!("{value}' AND '{left}'='{right}"),
            Self::Like => format!("{value}%' AND '{left}%'='{right}"),
            Self::Bracketed => format!("{value}') AND ('{left}'='{right}"),
            Self::Double => format!("{value}\" AND \"{left}\"=\"{right}"),
            Self::Bare => format!("{value} AND {left}={right}"),
            Self::Sum => {
                let number = value.parse::<i64>().unwrap_or_default();
                let off = i64::from(left != right);
                format!("{}-{}", number.saturating_add(9), 9 + off)
            }
            Self::Or => format!("{value}' OR '{left}'='{right}"),
        }
    }
}

pub async fn look(probe: &Probe<'_, '_>) -> Result<Option<Finding>, Gap> {
    if probe.counts_failures() || !probe.before.reply.is_success() {
        return Ok(None);
    }
    for form in FORMS.into_iter().filter(|form| form.fits(probe)) {
        if let Some(proof) = prove(probe, form).await? {
            let how = format!(
                "True and false statements were answered differently in {ROUNDS} rounds, the same \
                 each time (`{}`).",
                form.written("value", 7, 7)
            );
            return Ok(Some(probe.found(&BY_TRUTH, &how, proof)));
        }
    }
    Ok(None)
}

/// True and false in turns, with other numbers each time. The one that changes nothing must be
/// answered like the value alone, and the other not.
async fn prove(probe: &Probe<'_, '_>, form: Form) -> Result<Option<Vec<Exchange>>, Gap> {
    let (value, anchor, stable) = match form {
        Form::Or => {
            let word = Marker::fresh().plain();
            let Some(alone) = probe.ask(word.as_str()).await? else { return Ok(None) };
            (word.clone(), Look::of(&alone, &word, &word), probe.before.stable)
        }
        _ => {
            let value = probe.value.clone();
            let anchor = match probe.point.current {
                Some(_) => Look::of(&probe.before.reply, "", ""),
                None => {
                    let Some(alone) = probe.ask(value.as_str()).await? else { return Ok(None) };
                    Look::of(&alone, "", "")
                }
            };
            (value, anchor, probe.before.stable && probe.only_reads())
        }
    };
    if form != Form::Or && !anchor.good {
        return Ok(None);
    }
    let mut proof = Vec::new();
    for _ in 0..ROUNDS {
        let number = probe.scan.client.marks.number();
        let Some(yes) = asked(probe, form, &value, number, number).await? else { return Ok(None) };
        let Some(no) = asked(probe, form, &value, number, number + 1).await? else {
            return Ok(None);
        };
        let (neutral, other) = if form == Form::Or { (&no, &yes) } else { (&yes, &no) };
        let told = neutral.0.same(&anchor, stable) && !other.0.same(&anchor, stable);
        // A database that complains answers a false statement as it answers a broken one.
        let meant = form != Form::Or || (other.0.good && other.0.items > anchor.items);
        if !told || !meant {
            return Ok(None);
        }
        proof = vec![yes.1.exchange, no.1.exchange];
    }
    // Cut off in the middle it is no statement: a program that only looks for words would not mind.
    let broken = format!("{value}' AND '");
    let ask_broken = matches!(form, Form::Quoted | Form::Like | Form::Bracketed);
    let reply = if ask_broken { probe.ask(broken.as_str()).await? } else { None };
    let harmless =
        reply.is_some_and(|reply| Look::of(&reply, &broken, &value).same(&anchor, stable));
    Ok((!harmless).then_some(proof))
}

async fn asked(
    probe: &Probe<'_, '_>,
    form: Form,
    value: &str,
    left: u64,
    right: u64,
) -> Result<Option<(Look, Reply)>, Gap> {
    let sent = form.written(value, left, right);
    let reply = probe.ask(sent.as_str()).await?;
    Ok(reply.map(|reply| (Look::of(&reply, &sent, value), reply)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn truths_are_written_so_that_the_rest_of_a_statement_closes_them() {
        assert_eq!(Form::Quoted.written("tea", 7, 8), "tea' AND '7'='8");
        assert_eq!(Form::Like.written("tea", 7, 7), "tea%' AND '7%'='7");
        assert_eq!(Form::Bare.written("5", 7, 8), "5 AND 7=8");
        assert_eq!(Form::Sum.written("5", 7, 7), "14-9");
        assert_eq!(Form::Sum.written("5", 7, 8), "14-10");
    }
}
