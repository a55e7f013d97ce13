//! Saying that something is being done, once it has taken a second, if somebody is there to see it.

use std::{
    io::{self, IsTerminal},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};

use indicatif::ProgressBar;

use crate::say::harmless;

/// How long anybody waits without being told why.
pub const SECOND: Duration = Duration::from_secs(1);

/// As long as this is there, something is being done of which nobody knows how long it takes.
pub struct Patience(Option<(Sender<()>, JoinHandle<()>)>);

impl Patience {
    pub fn while_doing(what: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let message = harmless(what).to_string();
        let (done, wait) = mpsc::channel();
        let watch = thread::spawn(move || {
            if wait.recv_timeout(SECOND) == Err(RecvTimeoutError::Timeout) {
                let spinner = ProgressBar::new_spinner().with_message(message);
                spinner.enable_steady_tick(Duration::from_millis(100));
                let _ = wait.recv(); // until it is done, which closes the channel
                spinner.finish_and_clear();
            }
        });
        Self(Some((done, watch)))
    }
}

impl Drop for Patience {
    fn drop(&mut self) {
        if let Some((done, watch)) = self.0.take() {
            drop(done);
            let _ = watch.join();
        }
    }
}
