//! A small template language: `{{` expression `}}`, with integers, `+`, `-`, `*` and parentheses.

/// Replaces every expression by its value; what is none stays as it is.
pub(crate) fn render(text: &str) -> String {
    let mut rendered = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        rendered.push_str(before);
        let Some((expression, after)) = after.split_once("}}") else {
            rendered.push_str("{{");
            rest = after;
            break;
        };
        match evaluate(expression) {
            Some(value) => rendered.push_str(&value.to_string()),
            None => rendered.push_str(&format!("{{{{{expression}}}}}")),
        }
        rest = after;
    }
    rendered.push_str(rest);
    rendered
}

/// The value of an expression of at most 200 characters, so that its depth is bounded.
fn evaluate(expression: &str) -> Option<i128> {
    let expression: Vec<char> = expression.chars().filter(|c| *c != ' ').take(201).collect();
    let mut reader = Reader { expression: &expression, at: 0 };
    let value = reader.sum()?;
    (expression.len() <= 200 && reader.at == expression.len()).then_some(value)
}

struct Reader<'a> {
    expression: &'a [char],
    at: usize,
}

impl Reader<'_> {
    fn take(&mut self, wanted: char) -> bool {
        let there = self.expression.get(self.at) == Some(&wanted);
        self.at += usize::from(there);
        there
    }

    fn sum(&mut self) -> Option<i128> {
        let mut value = self.product()?;
        loop {
            if self.take('+') {
                value = value.checked_add(self.product()?)?;
            } else if self.take('-') {
                value = value.checked_sub(self.product()?)?;
            } else {
                return Some(value);
            }
        }
    }

    fn product(&mut self) -> Option<i128> {
        let mut value = self.factor()?;
        while self.take('*') {
            value = value.checked_mul(self.factor()?)?;
        }
        Some(value)
    }

    fn factor(&mut self) -> Option<i128> {
        if self.take('-') {
            return self.factor()?.checked_neg();
        }
        if self.take('(') {
            let value = self.sum()?;
            return self.take(')').then_some(value);
        }
        let rest = self.expression.get(self.at..)?;
        let digits: String = rest.iter().take_while(|c| c.is_ascii_digit()).collect();
        self.at += digits.len();
        digits.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_become_their_value_and_the_rest_stays() {
        let pairs = [
            ("a {{7*7}} b", "a 49 b"),
            ("{{1+2*3}}{{(1+2)*-3}}", "7-9"),
            ("{{ 1000003 * 1000003 }}", "1000006000009"),
            ("{{7*}} {{name}} {{", "{{7*}} {{name}} {{"),
            ("{7*7} ${7*7}", "{7*7} ${7*7}"),
            ("", ""),
        ];
        for (text, rendered) in pairs {
            assert_eq!(render(text), rendered);
        }
    }
}
