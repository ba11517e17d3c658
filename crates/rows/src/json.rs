//! Objects of JSON: one per line, or in one array.

use serde_json::{Map, Value, error::Category};

use crate::{
    FormatError, Location,
    input::{Charset, Evidence},
    python,
    window::{MAX_RECORD, Window},
};

pub(crate) struct JsonRows {
    window: Window,
    charset: Charset,
    is_array: bool,
    has_begun: bool,
    object: Map<String, Value>,
    line: u64,
    evidence: Evidence,
    is_done: bool,
}

impl JsonRows {
    pub fn lines(window: Window, charset: Charset) -> Self {
        Self::new(window, charset, false)
    }

    pub fn array(window: Window, charset: Charset) -> Self {
        Self::new(window, charset, true)
    }

    fn new(window: Window, charset: Charset, is_array: bool) -> Self {
        Self {
            window,
            charset,
            is_array,
            has_begun: false,
            object: Map::new(),
            line: 0,
            evidence: Evidence::default(),
            is_done: false,
        }
    }

    pub fn object(&self) -> &Map<String, Value> {
        &self.object
    }

    pub fn location(&self) -> Location {
        self.window.location(self.line)
    }

    pub fn evidence(&self) -> (&Evidence, u64) {
        (&self.evidence, self.window.line)
    }

    pub fn advance(&mut self) -> Option<Result<(), FormatError>> {
        if self.is_done {
            return None;
        }
        let record = if self.is_array { self.next_element() } else { self.next_line() };
        let size = match record {
            Ok(Some(size)) => size,
            Ok(None) => {
                self.is_done = true;
                return None;
            }
            Err(error) => {
                self.is_done = true;
                return Some(Err(error));
            }
        };
        self.line = self.window.line;
        let bytes = self.window.bytes().get(..size).unwrap_or_default();
        self.evidence.add(self.line, bytes);
        let parsed = match self.charset.decode(bytes) {
            Some(text) => object(&text),
            None => Err("expected text in UTF-8, got other bytes".to_owned()),
        };
        self.window.consume(size);
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        Some(match parsed {
            Ok(object) => {
                self.object = object;
                Ok(())
            }
            Err(reason) if is_first && !self.is_array && reason.starts_with(CUT) => {
                self.is_done = true;
                Err(FormatError::Header {
                    location: self.location(),
                    reason:
                        "expected one JSON object on each line, got an object over several lines; write each \
                             on one line, as `jq -c` does"
                            .to_owned(),
                })
            }
            Err(reason) => Err(FormatError::line(self.location(), reason)),
        })
    }

    /// Returns the length of the next line that is not blank.
    fn next_line(&mut self) -> Result<Option<usize>, FormatError> {
        while let Some(size) = self.window.next_line()? {
            if !self.window.bytes().get(..size).unwrap_or_default().trim_ascii().is_empty() {
                return Ok(Some(size));
            }
            self.window.consume(size);
        }
        Ok(None)
    }

    /// Consumes what stands before the next element of the array, and returns its length.
    fn next_element(&mut self) -> Result<Option<usize>, FormatError> {
        loop {
            let blank =
                self.window.bytes().iter().take_while(|b| b.is_ascii_whitespace() || **b == b',').count();
            self.window.consume(blank);
            match self.window.bytes().first() {
                Some(b'[') if !self.has_begun => {
                    self.has_begun = true;
                    self.window.consume(1);
                }
                Some(b']') => return Ok(None),
                Some(_) => break,
                None if self.window.is_done() => return Err(self.cut()),
                None => self.window.fill(1 << 16)?,
            }
        }
        loop {
            if let Some(size) = element(self.window.bytes()) {
                // A closing brace that opens nothing is an element by itself, and a bad one.
                return Ok(Some(size.max(1)));
            }
            let size = self.window.bytes().len();
            if self.window.is_done() || size > MAX_RECORD {
                return Err(self.cut());
            }
            self.window.fill((size * 2).max(1 << 16))?;
        }
    }

    fn cut(&self) -> FormatError {
        FormatError::Header {
            location: self.window.location(self.window.line),
            reason: "the JSON array ends too early; expected objects and a final ]: the file is incomplete"
                .to_owned(),
        }
    }
}

/// Names under which an object holds the rows of a file.
const WRAPPERS: [&str; 11] = [
    "data",
    "rows",
    "records",
    "results",
    "items",
    "interactions",
    "events",
    "ratings",
    "resources",
    "feedback",
    "response",
];

/// Returns the position of the array of a file that is one object around its rows, as answers of
/// APIs are: `{"total": 2, "data": [{...}, {...}]}`.
pub(crate) fn wrapped(head: &[u8]) -> Option<usize> {
    let is_one = element(head)
        .is_none_or(|end| head.get(end..).unwrap_or_default().iter().all(|byte| byte.is_ascii_whitespace()));
    if !is_one {
        return None;
    }
    let mut at = head.iter().position(|byte| *byte == b'{')? + 1;
    loop {
        let rest = head.get(at..)?;
        let mut names = serde_json::Deserializer::from_slice(rest).into_iter::<String>();
        let name = names.next()?.ok()?;
        at += names.byte_offset();
        at += head.get(at..)?.iter().position(|byte| *byte == b':')? + 1;
        at += head.get(at..)?.iter().position(|byte| !byte.is_ascii_whitespace())?;
        let rest = head.get(at..)?;
        let is_rows = rest.first() == Some(&b'[')
            && rest.iter().skip(1).find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
        if is_rows {
            return WRAPPERS.contains(&name.as_str()).then_some(at);
        }
        at += element(rest)?;
        at += head.get(at..)?.iter().position(|byte| *byte == b',')? + 1;
    }
}

const CUT: &str = "the JSON object ends too early";

fn object(text: &str) -> Result<Map<String, Value>, String> {
    let text = text.trim();
    // A line of an array without its brackets.
    let text = text.strip_suffix(',').map_or(text, str::trim_end);
    let error = match serde_json::from_str(text) {
        Ok(Value::Object(object)) => return Ok(object),
        Ok(_) => return Err(format!("expected a JSON object, got {}", shortened(text))),
        Err(error) => error,
    };
    match python::literal(text) {
        Some(Value::Object(object)) => Ok(object),
        _ if error.classify() == Category::Eof => Err(format!("{CUT}: {}", shortened(text))),
        _ => Err(format!(
            "expected a JSON object such as {{\"id\": \"a\"}}; character {} breaks it: {}",
            error.column(),
            shortened(text)
        )),
    }
}

fn shortened(text: &str) -> String {
    const MAX: usize = 60;
    match text.char_indices().nth(MAX) {
        Some((end, _)) => format!("{} ...", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Returns the length of the value at the start of the bytes; `None` if it is not complete.
fn element(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut in_string, mut is_escaped) = (0_u32, false, false);
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b',' | b']' | b'}' if depth == 0 => return Some(at),
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn read(text: &str, is_array: bool) -> Vec<String> {
        let input = Box::new(std::io::Cursor::new(text.as_bytes().to_vec()));
        let window = Window::new(input, Location::new("f", 0));
        let mut rows = JsonRows::new(window, Charset::Either, is_array);
        let mut read = Vec::new();
        while let Some(advanced) = rows.advance() {
            let line = rows.line;
            read.push(match advanced {
                Ok(()) => format!("{line}:{}", Value::Object(rows.object.clone())),
                Err(error) => error.to_string(),
            });
        }
        read
    }

    #[test]
    fn rows_are_found_in_an_object_around_them() {
        for (text, start) in [
            ("{\"data\":[{\"id\":1}]}", Some(8)),
            ("{ \"total\": 2, \"next\": \"a,b\",\n \"results\" : [ {\"id\":1},", Some(42)),
            ("{\"id\":1,\"authors\":[{\"name\":\"x\"}]}", None),
            ("{\"items\":[{\"id\":1}]}\n{\"items\":[]}\n", None),
            ("{\"items\":[1,2]}", None),
            ("{}", None),
            ("{", None),
        ] {
            assert_eq!(wrapped(text.as_bytes()), start, "{text}");
        }
    }

    #[test]
    fn lines_are_objects_of_json_or_of_python_and_a_bad_one_costs_itself() {
        let text = "{\"a\":1} ,\r\n\n{'a': u'x', 'b': None}\n[1]\n{\"a\":2\n{\"a\":\"b\"}";
        assert_eq!(
            read(text, false),
            [
                "1:{\"a\":1}",
                "3:{\"a\":\"x\",\"b\":null}",
                "f:4: expected a JSON object, got [1]",
                "f:5: the JSON object ends too early: {\"a\":2",
                "6:{\"a\":\"b\"}",
            ]
        );
        let spread = read("{\n \"a\": 1\n}\n", false);
        assert!(spread.len() == 1 && spread[0].contains("one JSON object on each line"), "{spread:?}");
    }

    #[test]
    fn an_array_is_read_element_by_element_and_a_cut_one_ends() {
        let text = "[\n  {\"a\": \"]},\\\"\"},\n  {\"b\": [1, {\"c\": 2}]}, 7\n]\n";
        assert_eq!(
            read(text, true),
            ["2:{\"a\":\"]},\\\"\"}", "3:{\"b\":[1,{\"c\":2}]}", "f:3: expected a JSON object, got 7"]
        );
        let stray = read("[{\"a\":1}},{\"a\":2}]", true);
        assert_eq!(
            stray,
            [
                "1:{\"a\":1}",
                "f:1: expected a JSON object such as {\"id\": \"a\"}; character 1 breaks it: }",
                "1:{\"a\":2}"
            ]
        );
        let cut = read("[{\"a\":1},{\"a\"", true);
        assert!(cut.len() == 2 && cut[1].starts_with("f:1: the JSON array ends too early"), "{cut:?}");
    }
}
