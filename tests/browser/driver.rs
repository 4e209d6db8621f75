//! A headless Chromium, driven over WebDriver by its own program, chromedriver.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::skip::skip;

/// The size of the window, in CSS pixels.
pub const WIDE: (u64, u64) = (1280, 900);

/// The longest wait for something on the page. A machine that builds at the same time is slow.
const PATIENCE: Duration = Duration::from_secs(60);

/// One browser at a time: a test that measures time must not share the processor with the others.
static ONE: Mutex<()> = Mutex::new(());

/// A browser with one page. It ends when it is dropped.
pub struct Browser {
    driver: Child,
    agent: ureq::Agent,
    session: String,
    profile: TempDir,
    _one: MutexGuard<'static, ()>,
}

impl Browser {
    /// Starts a browser. Returns `None`, and reports why, if this machine has none.
    #[track_caller]
    pub fn start() -> Option<Browser> {
        let has = |program: &str| {
            let version = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            version.is_ok_and(|status| status.success())
        };
        if !has("chromium") || !has("chromedriver") {
            skip("the page of `compare --html` needs a browser: apt-get install chromium chromium-driver");
            return None;
        }
        let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let profile = tempfile::tempdir().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = lines.map_while(Result::ok).find_map(|line| {
            let rest = line.split("successfully on port ").nth(1)?;
            rest.trim_end_matches('.').parse::<u16>().ok()
        });
        let port = port.expect("chromedriver prints its port");
        let agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        let mut browser =
            Browser { driver, agent, session: format!("http://127.0.0.1:{port}/session"), profile, _one: one };
        let data = format!("--user-data-dir={}", browser.profile.path().display());
        let arguments = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            &data,
        ];
        let capabilities = json!({
            "browserName": "chrome",
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        });
        let session = browser.send("", &json!({ "capabilities": { "alwaysMatch": capabilities } }));
        browser.session += &format!("/{}", session["sessionId"].as_str().unwrap());
        browser.resize(WIDE.0, WIDE.1, 1.0);
        Some(browser)
    }

    /// Sends a command, and returns its result.
    #[track_caller]
    fn send(&self, command: &str, body: &Value) -> Value {
        let url = format!("{}{command}", self.session);
        let request = self.agent.post(&url).header("content-type", "application/json");
        let mut response = request.send(&body.to_string()).unwrap();
        let text = response.body_mut().read_to_string().unwrap();
        let mut answer: Value = serde_json::from_str(&text).unwrap();
        assert!(response.status().is_success(), "{command} {body}: {answer:#}");
        answer["value"].take()
    }

    /// Sends a command of Chromium's own protocol.
    #[track_caller]
    pub fn chromium(&self, command: &str, parameters: Value) {
        self.send("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }));
    }

    /// Sets the size of the window in CSS pixels, and the number of device pixels in each.
    pub fn resize(&self, width: u64, height: u64, scale: f64) {
        let size = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": width < 600 });
        self.chromium("Emulation.setDeviceMetricsOverride", size);
    }

    /// Opens a file, and waits until its page has drawn everything.
    #[track_caller]
    pub fn open(&self, file: &Path) {
        self.send("/url", &json!({ "url": format!("file://{}", file.display()) }));
        self.wait("performance.getEntriesByName('complete').length === 1");
    }

    /// Runs the body of a function in the page, and returns what it returns.
    #[track_caller]
    pub fn run(&self, script: &str) -> Value {
        self.run_with(script, json!([]))
    }

    /// Runs the body of a function in the page with `arguments`.
    #[track_caller]
    pub fn run_with(&self, script: &str, arguments: Value) -> Value {
        self.send("/execute/sync", &json!({ "script": script, "args": arguments }))
    }

    /// Returns the value of an expression in the page.
    #[track_caller]
    pub fn value(&self, expression: &str) -> Value {
        self.run(&format!("return {expression};"))
    }

    /// Returns the value of an expression that is text.
    #[track_caller]
    pub fn text(&self, expression: &str) -> String {
        let value = self.value(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression} is {value}")).to_owned()
    }

    /// Waits until an expression is true.
    #[track_caller]
    pub fn wait(&self, expression: &str) {
        let begun = Instant::now();
        while self.value(&format!("Boolean({expression})")) != true {
            assert!(begun.elapsed() < PATIENCE, "not true: {expression}; console: {:?}", self.console());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Clicks on the element that a selector finds first.
    #[track_caller]
    pub fn click(&self, selector: &str) {
        let element = self.send("/element", &json!({ "using": "css selector", "value": selector }));
        let id = element.as_object().and_then(|it| it.values().next()).and_then(Value::as_str).unwrap();
        self.send(&format!("/element/{id}/click"), &json!({}));
    }

    /// Presses and releases keys, one after the other. Special keys are the characters of the WebDriver standard.
    #[track_caller]
    pub fn press(&self, keys: &[&str]) {
        let steps = keys.iter().flat_map(|key| ["keyDown", "keyUp"].map(|step| json!({ "type": step, "value": key })));
        let steps: Vec<Value> = steps.collect();
        self.send("/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": steps }] }));
    }

    /// Moves the mouse over points in the window. With `is_drag`, the button is down from the first to the last.
    #[track_caller]
    pub fn mouse(&self, points: &[(f64, f64)], is_drag: bool) {
        let mut steps = Vec::new();
        for (at, (x, y)) in points.iter().enumerate() {
            let (x, y) = (x.round(), y.round());
            steps.push(json!({ "type": "pointerMove", "duration": 0, "x": x, "y": y }));
            if is_drag && at == 0 {
                steps.push(json!({ "type": "pointerDown", "button": 0 }));
            }
        }
        if is_drag {
            steps.push(json!({ "type": "pointerUp", "button": 0 }));
        }
        let mouse =
            json!({ "type": "pointer", "id": "mouse", "parameters": { "pointerType": "mouse" }, "actions": steps });
        self.send("/actions", &json!({ "actions": [mouse] }));
    }

    /// Returns the messages in the console since the last call: errors, warnings and everything else.
    pub fn console(&self) -> Vec<String> {
        let entries = self.send("/se/log", &json!({ "type": "browser" }));
        entries.as_array().into_iter().flatten().map(ToString::to_string).collect()
    }

    /// Returns a picture of the window as the text of a PNG in base64.
    pub fn picture(&self) -> String {
        let url = format!("{}/screenshot", self.session);
        let text =
            self.agent.get(&url).call().unwrap().body_mut().with_config().limit(1 << 26).read_to_string().unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["value"].as_str().unwrap().to_owned()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // This also ends Chromium.
        let _ = self.agent.delete(&self.session).call();
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}
