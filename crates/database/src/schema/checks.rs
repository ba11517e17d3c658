//! Checks, parsed from the statement that created a SQLite table: SQLite reports them in no other
//! way.

/// Constraint `CHECK (…)`.
#[derive(Debug, PartialEq)]
pub(super) struct Check {
    pub name: Option<String>,
    /// Expression without quotes around names and with single blanks.
    pub expression: String,
}

/// Returns the checks of a `CREATE TABLE` statement, in order.
pub(super) fn of(statement: &str) -> Vec<Check> {
    let tokens = tokens(statement);
    let mut checks = Vec::new();
    for at in 0..tokens.len() {
        if !(is(&tokens, at, "CHECK") && is(&tokens, at + 1, "(")) {
            continue;
        }
        let mut depth = 0_usize;
        let inner = tokens.iter().skip(at + 1).take_while(|token| {
            match token.as_str() {
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            depth > 0
        });
        let expression: Vec<&str> = inner.skip(1).map(|token| unquoted(token)).collect();
        let named = at >= 2 && is(&tokens, at - 2, "CONSTRAINT");
        let name = tokens.get(at.wrapping_sub(1)).filter(|_| named).map(|name| unquoted(name).to_owned());
        checks.push(Check { name, expression: expression.join(" ") });
    }
    checks
}

fn is(tokens: &[String], at: usize, word: &str) -> bool {
    tokens.get(at).is_some_and(|token| token.eq_ignore_ascii_case(word))
}

fn unquoted(token: &str) -> &str {
    match token.as_bytes() {
        [b'"' | b'`' | b'[', .., b'"' | b'`' | b']'] => &token[1..token.len() - 1],
        _ => token,
    }
}

/// Returns words, quoted names, texts and single signs.
fn tokens(statement: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut chars = statement.chars().peekable();
    while let Some(c) = chars.next() {
        let mut token = String::from(c);
        match c {
            c if c.is_whitespace() => continue,
            '"' | '`' | '\'' | '[' => {
                let end = if c == '[' { ']' } else { c };
                for c in chars.by_ref() {
                    token.push(c);
                    if c == end {
                        break;
                    }
                }
            }
            c if is_word(c) => {
                while let Some(c) = chars.next_if(|c| is_word(*c)) {
                    token.push(c);
                }
            }
            _ => {}
        }
        tokens.push(token);
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_are_found_whatever_stands_around_them() {
        let sql = r#"CREATE TABLE "t" ( "a" real NOT NULL CONSTRAINT "ck_t_a" CHECK ("a" BETWEEN 0.0 AND 1.0),
            "check" text DEFAULT 'CHECK (x)', b text constraint ck_b check (b IN ('x)', "y") and (b > 0)), check (b <> a))"#;
        let check = |name: Option<&str>, expression: &str| Check {
            name: name.map(str::to_owned),
            expression: expression.to_owned(),
        };
        assert_eq!(
            of(sql),
            [
                check(Some("ck_t_a"), "a BETWEEN 0.0 AND 1.0"),
                check(Some("ck_b"), "b IN ( 'x)' , y ) and ( b > 0 )"),
                check(None, "b < > a"),
            ]
        );
    }
}
