//! The shortest owner: a thread for each connection, HTTP/2 without TLS on a port of the loopback, until it is killed.
//!
//! `cargo run -p spica-http2 --example serve`, then for instance `h2load -n 10000 -c 4 -m 100 http://127.0.0.1:8082/` or
//! `curl --http2-prior-knowledge http://127.0.0.1:8082/big`. `/big` is 10 MB in pieces; everything else is answered with the request's
//! content, or a greeting.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use spica_http2::{Connection, Event, SendError, Settings};

const BIG: usize = 10_000_000;
const PIECE: usize = 10_000;

/// What is left to be sent, or has been received so far, on a stream.
#[derive(Default)]
struct Exchanges {
    receiving: HashMap<u32, Vec<u8>>,
    sending: HashMap<u32, usize>,
}

impl Exchanges {
    fn act(&mut self, connection: &mut Connection, event: Event) -> Result<(), SendError> {
        match event {
            Event::Request { stream, request, .. } if request.head.path.of(&request.bytes) == b"/big" => {
                connection.respond(stream, 200, [], false)?;
                self.sending.insert(stream, BIG);
                self.go_on(connection, stream)
            }
            Event::Request { stream, end: true, .. } => Self::answer(connection, stream, b"Hello, world!".to_vec()),
            Event::Request { stream, .. } => {
                self.receiving.insert(stream, Vec::new());
                Ok(())
            }
            Event::Data { stream, data } => {
                connection.release(stream, data.len());
                self.receiving.entry(stream).or_default().extend_from_slice(&data);
                Ok(())
            }
            Event::End { stream, .. } => match self.receiving.remove(&stream) {
                Some(content) => Self::answer(connection, stream, content),
                None => Ok(()),
            },
            Event::Writable { stream } => self.go_on(connection, stream),
            Event::Reset { stream, .. } | Event::Refused { stream, .. } => {
                self.receiving.remove(&stream);
                self.sending.remove(&stream);
                connection.finish(stream);
                Ok(())
            }
            Event::Closed { reason, cause } => {
                println!("closed: {reason:?}, {cause:?}");
                Ok(())
            }
        }
    }

    fn answer(connection: &mut Connection, stream: u32, content: Vec<u8>) -> Result<(), SendError> {
        connection.respond(stream, 200, [(&b"content-type"[..], &b"text/plain"[..])], false)?;
        connection.send(stream, content.into(), true)?;
        connection.finish(stream);
        Ok(())
    }

    fn go_on(&mut self, connection: &mut Connection, stream: u32) -> Result<(), SendError> {
        let Some(left) = self.sending.get_mut(&stream) else { return Ok(()) };
        while *left > 0 {
            *left -= PIECE;
            if connection.send(stream, Bytes::from_static(&[b'.'; PIECE]), *left == 0)?.full {
                break;
            }
        }
        if *left == 0 {
            self.sending.remove(&stream);
            connection.finish(stream);
        }
        Ok(())
    }
}

fn serve(mut socket: TcpStream, settings: &Arc<Settings>) -> std::io::Result<()> {
    let (mut connection, mut exchanges, start) = (Connection::new(settings), Exchanges::default(), Instant::now());
    let (mut input, mut output) = (vec![0; 64 * 1024], Vec::new());
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    loop {
        while connection.is_ready() {
            while let Some(event) = connection.poll() {
                // A stream that cannot be sent to has an event of its own.
                let _ = exchanges.act(&mut connection, event);
            }
            connection.take_output(&mut output);
            socket.write_all(&output)?;
            output.clear();
        }
        if connection.is_closed() {
            return Ok(());
        }
        match socket.read(&mut input) {
            Ok(0) => connection.end_input(),
            Ok(count) => connection.receive(&input[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
        if connection.deadline().is_some_and(|deadline| deadline <= start.elapsed()) {
            connection.tick(start.elapsed());
        }
    }
}

fn main() -> std::io::Result<()> {
    let settings = Arc::new(Settings::default());
    for socket in TcpListener::bind("127.0.0.1:8082")?.incoming() {
        let (socket, settings) = (socket?, Arc::clone(&settings));
        std::thread::spawn(move || {
            if let Err(error) = serve(socket, &settings) {
                println!("{error}");
            }
        });
    }
    Ok(())
}
