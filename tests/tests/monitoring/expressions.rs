use std::{collections::BTreeSet, fmt, fs};

use serde_json::Value;

use crate::programs::{Prometheus, monitoring};

/// Query that must return data, and the rule, panel or variable that it comes from.
pub struct Expression {
    place: String,
    pub query: String,
}

impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.query)
    }
}

/// Returns the expressions of all rules and of the dashboard.
pub async fn all(prometheus: &Prometheus) -> Vec<Expression> {
    let rules = prometheus.rules().await.into_iter().map(|(kind, name, query)| Expression {
        query: if kind == "alerting" { with_answers(&query) } else { query },
        place: name,
    });
    rules.chain(of_the_dashboard()).collect()
}

/// Adds `bool` to each comparison. An alert that does not fire returns no data; with `bool` it
/// returns 0 or 1.
fn with_answers(query: &str) -> String {
    [">", "<", ">=", "<=", "==", "!="]
        .iter()
        .fold(query.to_owned(), |query, sign| query.replace(&format!(" {sign} "), &format!(" {sign} bool ")))
}

fn of_the_dashboard() -> Vec<Expression> {
    let text = fs::read_to_string(monitoring().join("grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    let mut found = Vec::new();
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    for query in variables.iter().filter_map(|variable| variable["definition"].as_str()) {
        let inner = query.strip_prefix("label_values(").and_then(|rest| rest.rsplit_once(',')).unwrap();
        found.push(Expression { place: format!("variable {query}"), query: filled_in(inner.0) });
    }
    for panel in dashboard["panels"].as_array().unwrap() {
        let Some(targets) = panel["targets"].as_array() else { continue };
        for target in targets {
            let query = filled_in(target["expr"].as_str().unwrap());
            found.push(Expression { place: format!("panel {}", panel["title"]), query });
        }
    }
    found
}

/// Replaces the variables of the dashboard by the values that Grafana uses if "All" is selected.
fn filled_in(expression: &str) -> String {
    let filled = [("$__rate_interval", "1m"), ("$job", ".*"), ("$instance", ".*")]
        .iter()
        .fold(expression.to_owned(), |expression, (variable, value)| expression.replace(variable, value));
    assert!(!filled.contains('$'), "a variable that nobody fills in: {filled}");
    filled
}

pub fn the_dashboard_can_be_imported_and_every_panel_says_what_it_shows() {
    let text = fs::read_to_string(monitoring().join("grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(dashboard["id"], Value::Null, "an id would be another dashboard's elsewhere");
    assert!(dashboard["uid"].is_string() && dashboard["schemaVersion"].as_u64() > Some(30));
    let panels = dashboard["panels"].as_array().unwrap();
    let mut ids = BTreeSet::new();
    let mut taken = BTreeSet::new();
    for panel in panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "{title}: an id that another panel has");
        let [x, y, w, h] = ["x", "y", "w", "h"].map(|key| panel["gridPos"][key].as_u64().unwrap());
        assert!(w > 0 && h > 0 && x + w <= 24, "{title} is wider than the page");
        for place in (x..x + w).flat_map(|column| (y..y + h).map(move |row| (column, row))) {
            assert!(taken.insert(place), "{title} lies over another panel");
        }
        if panel["type"] == "row" {
            continue;
        }
        assert!(panel["description"].as_str().is_some_and(|text| text.ends_with('.')), "{title}");
        assert!(panel["fieldConfig"]["defaults"]["unit"].is_string(), "{title}");
        assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title} works with one Prometheus only");
        assert!(!panel["targets"].as_array().unwrap().is_empty(), "{title}");
    }
    assert!(panels.len() > 50);
}

/// Checks the fields that the importer and the panels of Grafana (10 and later) read and that the
/// test above leaves out.
pub fn the_dashboard_is_of_the_shape_that_grafana_reads() {
    let text = fs::read_to_string(monitoring().join("grafana-dashboard.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&text).unwrap();
    assert!(dashboard.get("__inputs").is_none(), "the source is a variable, chosen on the page");
    let variables = dashboard["templating"]["list"].as_array().unwrap();
    let declared: Vec<&str> = variables.iter().map(|variable| variable["name"].as_str().unwrap()).collect();
    assert_eq!(declared, ["datasource", "job", "instance"], "each may use those before it");
    assert_eq!((&variables[0]["type"], &variables[0]["query"]), (&"datasource".into(), &"prometheus".into()));
    for variable in &variables[1..] {
        assert_eq!(variable["type"], "query");
        assert_eq!(variable["datasource"]["uid"], "${datasource}");
        assert_eq!(variable["query"]["query"], variable["definition"]);
        assert!(variable["includeAll"] == true && variable["allValue"] == ".*", "{variable}");
    }
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        if panel["type"] == "row" {
            assert!(panel["collapsed"] == false && panel["panels"] == Value::Array(Vec::new()), "{title}");
            continue;
        }
        assert!(["stat", "timeseries"].iter().any(|known| panel["type"] == *known), "{title}: no core panel");
        let mut references = BTreeSet::new();
        for target in panel["targets"].as_array().unwrap() {
            assert!(references.insert(target["refId"].as_str().unwrap()), "{title}: a refId twice");
            assert_eq!(target["datasource"], panel["datasource"], "{title}");
            assert!(target["legendFormat"].is_string(), "{title}");
        }
        if let Some(steps) = panel["fieldConfig"]["defaults"]["thresholds"]["steps"].as_array() {
            assert_eq!(steps[0]["value"], Value::Null, "{title}: the first step has no lower end");
            let ends: Vec<f64> = steps[1..].iter().map(|step| step["value"].as_f64().unwrap()).collect();
            assert!(ends.is_sorted(), "{title}: {ends:?}");
        }
    }
}

pub fn an_alert_is_asked_whether_it_fires() {
    let asked = with_answers("a:b{x=~\"y\"} >= 0.5 and on (job) c == 1");
    assert_eq!(asked, "a:b{x=~\"y\"} >= bool 0.5 and on (job) c == bool 1");
}
