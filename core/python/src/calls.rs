//! Handlers that have not answered yet.

use pyo3::prelude::*;

use crate::content::OutgoingContent;
use crate::request::Request;
use crate::websocket::WebSocket;

/// One waiting handler.
pub struct Call {
    /// Its Task, held because asyncio itself holds tasks only weakly.
    pub task: Py<PyAny>,
    /// The request, for the error page.
    pub request: Py<Request>,
    /// The `contextvars` context that it runs in, as its response's stream does.
    pub context: Py<PyAny>,
    /// The route's status for plain values.
    pub status: u16,
    /// Its response's content, once that streams.
    pub outgoing: Option<Py<OutgoingContent>>,
    /// Its WebSocket.
    pub websocket: Option<Py<WebSocket>>,
}

/// Waiting handlers by number. Numbers are reused.
#[derive(Default)]
pub struct Calls {
    slots: Vec<Option<Call>>,
    free: Vec<usize>,
}

impl Calls {
    /// Adds a call and gives its number.
    pub fn insert(&mut self, call: Call) -> usize {
        match self.free.pop() {
            Some(number) => {
                self.slots[number] = Some(call);
                number
            }
            None => {
                self.slots.push(Some(call));
                self.slots.len() - 1
            }
        }
    }

    /// A call that still waits.
    pub fn get(&self, number: usize) -> Option<&Call> {
        self.slots.get(number)?.as_ref()
    }

    /// Takes a call out.
    pub fn remove(&mut self, number: usize) -> Option<Call> {
        let call = self.slots.get_mut(number)?.take()?;
        self.free.push(number);
        Some(call)
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}
