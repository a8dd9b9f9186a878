//! Opening a WebSocket: its handler is started, and answers the handshake itself or is answered for.

use pyo3::prelude::*;
use spica_router::Params;
use spica_server::{Called, Reply};

use super::{captured, Dispatcher, Of};
use crate::calls::Call;
use crate::context::copy_context;
use crate::handler::capture_values;
use crate::server::Ends;
use crate::tasks::{start_task, Traits};
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
        let desk = self.desk.borrow().get().desk().clone();
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
            let native = self.copy_request(py, request)?;
            let values = capture_values(py, route, captured(params, request))?;
            native.get().set_match(i64::from(number), values.unbind());
            let websocket = WebSocket::new(socket.clone(), desk.clone(), self.names.event_loop.clone_ref(py));
            let websocket = Bound::new(py, websocket)?;
            let coroutine = route.handler.bind(py).call1((&native, &websocket))?;
            let context = copy_context(py)?;
            let traits = Traits { context: &context, name: &route.name };
            let task = start_task(&coroutine, traits, &self.start, &self.names)?;
            Ok((native, websocket, task, context))
        };
        let ended = made().and_then(|(native, websocket, task, context)| {
            if task.call_method0(&self.names.done)?.is_truthy()? {
                return Ok(Err((native, self.result_of(&task), context)));
            }
            let (websocket, native, context) = (Some(websocket.unbind()), native.unbind(), context.unbind());
            let call =
                Call { task: task.clone().unbind(), context, request: native, status: 200, outgoing: None, websocket };
            self.keep(&task, call, request.exchange, Ends::Socket).map(Ok)
        });
        let (native, value, context) = match ended {
            Ok(Ok(call)) => return Called::Upgrading(call, socket),
            Ok(Err((native, value, context))) if !socket.is_accepted() => (Some(native), value, Some(context)),
            Ok(Err((_, value, _))) => {
                report(py, value);
                // Behind what it has asked for in its only step.
                socket.set_done();
                desk.notices.finish_socket(request.exchange);
                return Called::Upgrading(NO_CALL, socket);
            }
            Err(error) => (None, Err(error), None),
        };
        // A task that the handler has started may still hold the socket.
        socket.refuse();
        let of = Of { context: context.as_ref(), status: 200, exchange: request.exchange };
        let native = || native.clone().map_or_else(|| self.copy_request(py, request), Ok);
        self.write(py, value, &of, native, reply)
    }

    /// Takes out a WebSocket's call. Returns whether it was accepted, so that an ordinary answer is too late; `None` when
    /// the connection is gone.
    pub fn take_socket(&self, py: Python<'_>, number: usize) -> Option<bool> {
        let accepted = {
            let calls = self.calls.borrow();
            let socket = calls.get(number)?.websocket.as_ref()?.get().socket();
            if !socket.is_accepted() {
                socket.refuse();
            }
            socket.is_accepted()
        };
        if accepted {
            let call = self.calls.borrow_mut().remove(number)?;
            report(py, self.result_of(call.task.bind(py)));
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
