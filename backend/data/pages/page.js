// The pages that mailed links lead to. Showing one uses nothing up: mail scanners open links, only people press buttons.
"use strict";

const TEXTS = {
  en: {
    verify: { title: "Confirm your address", intro: "Type your password to confirm that this address is yours.", action: "Confirm", done: "Thank you, your address is confirmed." },
    reset: { title: "Set a new password", intro: "All your devices will be signed out.", action: "Set the password", done: "Your new password is set. You can sign in with it now." },
    forgot: { title: "Forgot your password?", intro: "We mail you a link that sets a new one.", action: "Send the link", done: "If somebody here has this address, the link is on its way." },
    password: "Password", address: "Email address",
    failures: { 400: "This link is not valid any more. Ask for another one.", 401: "The password is not right.", 422: "This is not acceptable: ", 429: "Too many attempts. Please wait a little." },
    broken: "That did not work. Please try again later.",
  },
  fr: {
    verify: { title: "Confirmez votre adresse", intro: "Saisissez votre mot de passe pour confirmer que cette adresse est la vôtre.", action: "Confirmer", done: "Merci, votre adresse est confirmée." },
    reset: { title: "Choisissez un nouveau mot de passe", intro: "Tous vos appareils seront déconnectés.", action: "Enregistrer le mot de passe", done: "Votre nouveau mot de passe est enregistré. Vous pouvez vous connecter." },
    forgot: { title: "Mot de passe oublié ?", intro: "Nous vous envoyons un lien pour en choisir un nouveau.", action: "Envoyer le lien", done: "Si quelqu'un a cette adresse ici, le lien est en route." },
    password: "Mot de passe", address: "Adresse électronique",
    failures: { 400: "Ce lien n'est plus valable. Demandez-en un autre.", 401: "Le mot de passe n'est pas bon.", 422: "Ce n'est pas possible : ", 429: "Trop de tentatives. Merci de patienter un peu." },
    broken: "Cela n'a pas marché. Merci de réessayer plus tard.",
  },
  de: {
    verify: { title: "Adresse bestätigen", intro: "Geben Sie Ihr Passwort ein, um zu bestätigen, dass diese Adresse Ihnen gehört.", action: "Bestätigen", done: "Danke, Ihre Adresse ist bestätigt." },
    reset: { title: "Neues Passwort setzen", intro: "Alle Ihre Geräte werden abgemeldet.", action: "Passwort setzen", done: "Ihr neues Passwort ist gesetzt. Sie können sich jetzt damit anmelden." },
    forgot: { title: "Passwort vergessen?", intro: "Wir schicken Ihnen einen Link, mit dem Sie ein neues setzen.", action: "Link schicken", done: "Wenn hier jemand diese Adresse hat, ist der Link unterwegs." },
    password: "Passwort", address: "E-Mail-Adresse",
    failures: { 400: "Dieser Link gilt nicht mehr. Fordern Sie einen neuen an.", 401: "Das Passwort stimmt nicht.", 422: "Das geht nicht: ", 429: "Zu viele Versuche. Bitte warten Sie ein wenig." },
    broken: "Das hat nicht geklappt. Bitte versuchen Sie es später noch einmal.",
  },
  es: {
    verify: { title: "Confirme su dirección", intro: "Escriba su contraseña para confirmar que esta dirección es suya.", action: "Confirmar", done: "Gracias, su dirección está confirmada." },
    reset: { title: "Elija una contraseña nueva", intro: "Se cerrará la sesión en todos sus dispositivos.", action: "Guardar la contraseña", done: "Su contraseña nueva está guardada. Ya puede iniciar sesión con ella." },
    forgot: { title: "¿Ha olvidado la contraseña?", intro: "Le enviamos un enlace para elegir una nueva.", action: "Enviar el enlace", done: "Si alguien tiene aquí esta dirección, el enlace está en camino." },
    password: "Contraseña", address: "Correo electrónico",
    failures: { 400: "Este enlace ya no sirve. Pida otro.", 401: "La contraseña no es correcta.", 422: "No es posible: ", 429: "Demasiados intentos. Espere un poco." },
    broken: "No ha funcionado. Inténtelo más tarde.",
  },
};

const REQUESTS = {
  verify: (token, form) => ["/api/v1/auth/email/verify", { token, password: form.get("password") }],
  reset: (token, form) => ["/api/v1/auth/password/reset", { token, new_password: form.get("password") }],
  forgot: (_, form) => ["/api/v1/auth/password/forgot", { email: form.get("email") }],
};

const language = navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in TEXTS) ?? "en";
const texts = TEXTS[language];
const page = document.body.dataset.page;
const outcome = document.querySelector("#outcome");

document.documentElement.lang = language;
document.title = `${texts[page].title} · Safeplate`;
for (const element of document.querySelectorAll("[data-text]")) {
  element.textContent = texts[page][element.dataset.text] ?? texts[element.dataset.text];
}

// The token leaves the address bar, the history and whatever reads them.
const token = new URLSearchParams(location.search).get("token") ?? "";
history.replaceState(null, "", location.pathname);

async function explain(response) {
  const known = texts.failures[response.status] ?? texts.broken;
  if (response.status !== 422) return known;
  const problem = await response.json();
  return known + problem.errors.map((error) => error.detail).join(", ");
}

function show(text, failed) {
  outcome.textContent = text;
  outcome.classList.toggle("failed", failed);
}

document.querySelector("form").addEventListener("submit", async (event) => {
  event.preventDefault();
  const form = event.target;
  const button = form.querySelector("button");
  const [path, body] = REQUESTS[page](token, new FormData(form));
  button.disabled = true;
  show("", false);
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      referrerPolicy: "no-referrer",
    });
    if (response.ok) form.hidden = true;
    show(response.ok ? texts[page].done : await explain(response), !response.ok);
  } catch {
    show(texts.broken, true);
  } finally {
    button.disabled = false;
  }
});
