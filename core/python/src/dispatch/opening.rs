//! Opening a WebSocket: its handler is started, and answers the handshake itself or is answered for.

use pyo3::prelude::*;
use spica_router::Params;
use spica_server::{Called, Reply};

use super::Dispatcher;
use crate::calls::Call;
use crate::handler::capture_values;
use crate::server::Ends;
use crate::tasks::start_task;
use crate::websocket::WebSocket;

/// The number of a call that is over already: nobody is to be woken or cancelled.
const NO_CALL: usize = usize::MAX;

impl Dispatcher {
    /// Starts a WebSocket's handler, or says why there is no WebSocket.
    pub(super) fn open_socket(
        &self,
        py: Python<'_>,
        number: u32,
        params: &Params,
        request: &spica_server::Request<'_>,
        reply: &mut Reply<'_>,
    ) -> Called {
        let desk = self.desk.borrow().bind(py).borrow().clone();
        let route = &self.compiled.routes[number as usize];
        let Some(sockets) = &desk.sockets else { return Called::Answered };
        let socket = match request.upgrade(sockets, &route.origins) {
            Ok(socket) => socket,
            Err(refused) => {
                reply.refuse_upgrade(refused);
                return Called::Answered;
            }
        };
        let made = || -> PyResult<_> {
            let path = request.head.path.of(request.bytes);
            let native = self.copy_request(py, request)?;
            native.get().set_match(i64::from(number), capture_values(py, params, path)?.unbind());
            let websocket = WebSocket::new(socket.clone(), desk.clone(), self.names.event_loop.clone_ref(py));
            let websocket = Bound::new(py, websocket)?;
            let coroutine = route.handler.bind(py).call1((&native, &websocket))?;
            let task = start_task(&coroutine, &route.name, &self.start, &self.names)?;
            Ok((native, websocket, task))
        };
        let ended = made().and_then(|(native, websocket, task)| {
            if task.call_method0(&self.names.done)?.is_truthy()? {
                return Ok(Err((native, task.call_method0(&self.names.result))));
            }
            let websocket = Some(websocket.unbind());
            let call =
                Call { task: task.clone().unbind(), request: native.unbind(), status: 200, outgoing: None, websocket };
            self.keep(&task, call, request.exchange, Ends::Socket).map(Ok)
        });
        let (native, value) = match ended {
            Ok(Ok(call)) => return Called::Upgrading(call, socket),
            Ok(Err((native, value))) if !socket.is_accepted() => (Some(native), value),
            Ok(Err((_, value))) => {
                report(py, value);
                // Behind what it has asked for in its only step.
                socket.set_done();
                desk.notices.finish_socket(request.exchange);
                return Called::Upgrading(NO_CALL, socket);
            }
            Err(error) => (None, Err(error)),
        };
        let native = || native.clone().map_or_else(|| self.copy_request(py, request), Ok);
        self.write(py, value, 200, request.exchange, native, reply)
    }

    /// Takes out a WebSocket's call. Returns whether it was accepted, so that an ordinary answer is too late; `None` when
    /// the connection is gone.
    pub fn take_socket(&self, py: Python<'_>, number: usize) -> Option<bool> {
        let accepted = {
            let calls = self.calls.borrow();
            calls.get(number)?.websocket.as_ref()?.bind(py).borrow().socket.is_accepted()
        };
        if accepted {
            let call = self.calls.borrow_mut().remove(number)?;
            report(py, call.task.bind(py).call_method0(&self.names.result));
        }
        Some(accepted)
    }
}

/// Shows an exception that nobody else will see.
fn report(py: Python<'_>, value: PyResult<Bound<'_, PyAny>>) {
    if let Err(error) = value {
        error.write_unraisable(py, None);
    }
}
