// The browsable API: Swagger UI from our own files on our own schema.

const place = document.querySelector("[data-api-docs]");

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null, // nothing leaves this server
});
