// Starts Swagger UI with the document that the page names. A file of its own, so that the page needs no inline script.
const source = document.currentScript.dataset.document;
window.addEventListener("DOMContentLoaded", () => {
  window.ui = SwaggerUIBundle({
    url: source,
    dom_id: "#swagger-ui",
    deepLinking: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
  });
});
