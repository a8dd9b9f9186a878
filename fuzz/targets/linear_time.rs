//! A text, repeated: no text makes reading or routing more than linear in its repeats.

#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use spica_fuzz::{check_linear, events::Connection};
use spica_http1::Limits;
use spica_router::{Params, RouterBuilder};

fn read(prefix: &[u8], repeated: &[u8]) {
    let mut connection = Connection::new(Limits::default());
    connection.receive(prefix);
    // In pieces as small as a slow client's: a head that is searched again from its start would show.
    for piece in repeated.chunks(16) {
        connection.receive(piece);
    }
    black_box(connection.finish());
}

fuzz_target!(|unit: &[u8]| {
    let Some((which, unit)) = unit.split_first().filter(|(_, unit)| !unit.is_empty() && unit.len() <= 256) else {
        return;
    };
    match which % 4 {
        0 => check_linear(unit, |input| read(b"", input)),
        1 => check_linear(unit, |input| read(b"GET / HTTP/1.1\r\nHost: a\r\n", input)),
        2 => {
            check_linear(unit, |input| read(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", input))
        }
        _ => {
            let mut routes = RouterBuilder::new();
            for pattern in ["/{a}/{b:int}/x", "/{a}/{b}/y", "/{rest:path}", "/a/{b:int}", "/{a:int}/{b}"] {
                assert!(routes.add("GET", pattern, pattern).is_ok());
            }
            let Ok(router) = routes.build() else { return };
            check_linear(unit, |input| {
                let path = [b"/", input].concat();
                black_box(router.find(b"GET", &path, &mut Params::new()));
            });
        }
    }
});
