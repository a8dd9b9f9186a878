// Requests that htmx makes outside of a form carry the token of {{ csrf_meta() }}; to other sites it is never sent.
document.addEventListener("htmx:config:request", (event) => {
  const request = event.detail.ctx.request;
  const token = document.querySelector('meta[name="csrf-token"]');
  if (!token || /^(GET|HEAD|OPTIONS)$/i.test(request.method)) return;
  if (new URL(request.action, location.href).origin === location.origin) {
    request.headers["X-CSRF-Token"] = token.content;
  }
});
