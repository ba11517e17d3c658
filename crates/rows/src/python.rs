//! Literals of Python, as the older Amazon files have on their lines and as cells hold lists.

use serde_json::{Map, Number, Value};

/// Parses a dict, list, tuple, string, number, `True`, `False` or `None`, and nothing after it.
#[must_use]
pub fn literal(text: &str) -> Option<Value> {
    let mut parser = Parser { rest: text.trim_start() };
    let value = parser.value(0)?;
    parser.rest.trim().is_empty().then_some(value)
}

/// Nesting that is read, at most.
const MAX_DEPTH: usize = 64;

struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    fn skip(&mut self, token: &str) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.rest = self.rest.trim_start();
        if depth > MAX_DEPTH {
            return None;
        }
        let is_string =
            self.rest.starts_with(['\'', '"']) || self.rest.starts_with("u'") || self.rest.starts_with("u\"");
        if is_string {
            return self.string().map(Value::String);
        }
        for (word, value) in
            [("True", Value::Bool(true)), ("False", Value::Bool(false)), ("None", Value::Null)]
        {
            if self.skip(word) {
                return Some(value);
            }
        }
        if self.skip("{") {
            return self.dict(depth);
        }
        for (open, close) in [("[", "]"), ("(", ")")] {
            if self.skip(open) {
                return self.list(close, depth);
            }
        }
        self.number()
    }

    fn dict(&mut self, depth: usize) -> Option<Value> {
        let mut object = Map::new();
        while !self.skip("}") {
            let key = match self.value(depth + 1)? {
                Value::String(key) => key,
                other => other.to_string(),
            };
            if !self.skip(":") {
                return None;
            }
            object.insert(key, self.value(depth + 1)?);
            if !self.skip(",") && !self.rest.starts_with('}') {
                return None;
            }
        }
        Some(Value::Object(object))
    }

    fn list(&mut self, close: &str, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        while !self.skip(close) {
            list.push(self.value(depth + 1)?);
            if !self.skip(",") && !self.rest.starts_with(close) {
                return None;
            }
        }
        Some(Value::Array(list))
    }

    fn number(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        let number = match word.trim_end_matches('L').parse::<i64>() {
            Ok(whole) => Number::from(whole),
            Err(_) => Number::from_f64(word.parse().ok()?)?,
        };
        Some(Value::Number(number))
    }

    fn string(&mut self) -> Option<String> {
        let text = self.rest.trim_start_matches('u');
        let quote = text.chars().next()?;
        let mut characters = text.char_indices().skip(1);
        let mut out = String::new();
        while let Some((at, c)) = characters.next() {
            if c == quote {
                self.rest = text.get(at + 1..)?;
                return Some(out);
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let (_, escaped) = characters.next()?;
            let digits = match escaped {
                'n' => Ok('\n'),
                't' => Ok('\t'),
                'r' => Ok('\r'),
                'x' => Err(2),
                'u' => Err(4),
                'U' => Err(8),
                '\n' => continue,
                '\\' | '\'' | '"' | '/' => Ok(escaped),
                other => {
                    out.push('\\');
                    Ok(other)
                }
            };
            match digits {
                Ok(c) => out.push(c),
                Err(n) => {
                    let code: String = characters.by_ref().take(n).map(|(_, digit)| digit).collect();
                    out.push(
                        u32::from_str_radix(&code, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}'),
                    );
                }
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn literals_are_read_and_anything_else_is_not() {
        for (text, expected) in [
            ("{'asin': 'a', 'overall': 5.0}", json!({"asin": "a", "overall": 5.0})),
            ("{'t': u'caf\\xe9', \"o\": \"o'x\", 'n': None}", json!({"t": "café", "o": "o'x", "n": null})),
            ("[['Books', 'Tea & \\'Co\\''], (1, -2L,)]", json!([["Books", "Tea & 'Co'"], [1, -2]])),
            ("{'also': {'x': True},}", json!({"also": {"x": true}})),
        ] {
            assert_eq!(literal(text), Some(expected), "{text}");
        }
        for text in ["{'a': }", "{'a' 1}", "[1, 2", "'open", "{'a': 1} x", "", "tea"] {
            assert_eq!(literal(text), None, "{text}");
        }
    }
}
