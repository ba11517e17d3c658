//! Checks, read off the statement that made a SQLite table: SQLite itself tells of them in no other way.

/// One `CHECK (…)`.
#[derive(Debug, PartialEq)]
pub(super) struct Check {
    pub name: Option<String>,
    /// Without quotes around names, blanks made one.
    pub expression: String,
}

/// The checks of a `CREATE TABLE` statement, in order.
pub(super) fn of(statement: &str) -> Vec<Check> {
    let tokens = tokens(statement);
    let is = |at: usize, word: &str| tokens.get(at).is_some_and(|token| token.eq_ignore_ascii_case(word));
    let mut checks = Vec::new();
    for at in 0..tokens.len() {
        if !(is(at, "CHECK") && is(at + 1, "(")) {
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
        let named = at >= 2 && is(at - 2, "CONSTRAINT");
        let name = tokens.get(at.wrapping_sub(1)).filter(|_| named).map(|name| unquoted(name).to_owned());
        checks.push(Check { name, expression: expression.join(" ") });
    }
    checks
}

fn unquoted(token: &str) -> &str {
    match token.as_bytes() {
        [b'"' | b'`' | b'[', .., b'"' | b'`' | b']'] => &token[1..token.len() - 1],
        _ => token,
    }
}

/// Words, quoted names and texts, and single signs.
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
