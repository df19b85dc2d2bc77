// The pages that mailed links lead to. Showing one uses nothing up: mail scanners open links, only people press buttons.
"use strict";

const TEXTS = {
  en: {
    verify: { title: "Confirm your address", intro: "Type your password to confirm that this address is yours.", action: "Confirm", done: "Thank you, your address is confirmed." },
    reset: { title: "Set a new password", intro: "All your devices will be signed out.", action: "Set the password", done: "Your new password is set. You can sign in with it now." },
    forgot: { title: "Forgot your password?", intro: "We mail you a link that sets a new one.", action: "Send the link", done: "If somebody here has this address, the link is on its way." },
    change: { title: "Confirm your new address", intro: "Type your password: your account will have this address, and your other devices will be signed out.", action: "Confirm", done: "Thank you, this is your address now." },
    undo: { title: "Undo the change of address", intro: "Your account gets its old address back, all devices are signed out, and the password stops working.", action: "Undo the change", done: "Your old address is back. We have mailed you a link that sets a new password." },
    keep: { title: "Keep your account", intro: "Your account will not be erased. Your devices stay signed out.", action: "Keep the account", done: "Your account stays. You can sign in again." },
    password: "Password", address: "Email address",
    failures: { 400: "This link is not valid any more. Ask for another one.", 401: "The password is not right.", 409: "This address belongs to another account now.", 422: "This is not acceptable: ", 429: "Too many attempts. Please wait a little." },
    broken: "That did not work. Please try again later.",
  },
  fr: {
    verify: { title: "Confirmez votre adresse", intro: "Saisissez votre mot de passe pour confirmer que cette adresse est la vôtre.", action: "Confirmer", done: "Merci, votre adresse est confirmée." },
    reset: { title: "Choisissez un nouveau mot de passe", intro: "Tous vos appareils seront déconnectés.", action: "Enregistrer le mot de passe", done: "Votre nouveau mot de passe est enregistré. Vous pouvez vous connecter." },
    forgot: { title: "Mot de passe oublié ?", intro: "Nous vous envoyons un lien pour en choisir un nouveau.", action: "Envoyer le lien", done: "Si quelqu'un a cette adresse ici, le lien est en route." },
    change: { title: "Confirmez votre nouvelle adresse", intro: "Saisissez votre mot de passe : votre compte aura cette adresse, et vos autres appareils seront déconnectés.", action: "Confirmer", done: "Merci, c'est maintenant votre adresse." },
    undo: { title: "Annuler le changement d'adresse", intro: "Votre compte retrouve son ancienne adresse, tous les appareils sont déconnectés et le mot de passe cesse de fonctionner.", action: "Annuler le changement", done: "Votre ancienne adresse est rétablie. Nous vous avons envoyé un lien pour choisir un nouveau mot de passe." },
    keep: { title: "Gardez votre compte", intro: "Votre compte ne sera pas effacé. Vos appareils restent déconnectés.", action: "Garder le compte", done: "Votre compte reste. Vous pouvez vous connecter à nouveau." },
    password: "Mot de passe", address: "Adresse électronique",
    failures: { 400: "Ce lien n'est plus valable. Demandez-en un autre.", 401: "Le mot de passe n'est pas bon.", 409: "Cette adresse appartient maintenant à un autre compte.", 422: "Ce n'est pas possible : ", 429: "Trop de tentatives. Merci de patienter un peu." },
    broken: "Cela n'a pas marché. Merci de réessayer plus tard.",
  },
  de: {
    verify: { title: "Adresse bestätigen", intro: "Geben Sie Ihr Passwort ein, um zu bestätigen, dass diese Adresse Ihnen gehört.", action: "Bestätigen", done: "Danke, Ihre Adresse ist bestätigt." },
    reset: { title: "Neues Passwort setzen", intro: "Alle Ihre Geräte werden abgemeldet.", action: "Passwort setzen", done: "Ihr neues Passwort ist gesetzt. Sie können sich jetzt damit anmelden." },
    forgot: { title: "Passwort vergessen?", intro: "Wir schicken Ihnen einen Link, mit dem Sie ein neues setzen.", action: "Link schicken", done: "Wenn hier jemand diese Adresse hat, ist der Link unterwegs." },
    change: { title: "Neue Adresse bestätigen", intro: "Geben Sie Ihr Passwort ein: Ihr Konto bekommt diese Adresse, und Ihre anderen Geräte werden abgemeldet.", action: "Bestätigen", done: "Danke, das ist jetzt Ihre Adresse." },
    undo: { title: "Änderung der Adresse rückgängig machen", intro: "Ihr Konto bekommt seine alte Adresse zurück, alle Geräte werden abgemeldet, und das Passwort gilt nicht mehr.", action: "Änderung rückgängig machen", done: "Ihre alte Adresse ist zurück. Wir haben Ihnen einen Link geschickt, mit dem Sie ein neues Passwort setzen." },
    keep: { title: "Konto behalten", intro: "Ihr Konto wird nicht gelöscht. Ihre Geräte bleiben abgemeldet.", action: "Konto behalten", done: "Ihr Konto bleibt. Sie können sich wieder anmelden." },
    password: "Passwort", address: "E-Mail-Adresse",
    failures: { 400: "Dieser Link gilt nicht mehr. Fordern Sie einen neuen an.", 401: "Das Passwort stimmt nicht.", 409: "Diese Adresse gehört jetzt zu einem anderen Konto.", 422: "Das geht nicht: ", 429: "Zu viele Versuche. Bitte warten Sie ein wenig." },
    broken: "Das hat nicht geklappt. Bitte versuchen Sie es später noch einmal.",
  },
  es: {
    verify: { title: "Confirme su dirección", intro: "Escriba su contraseña para confirmar que esta dirección es suya.", action: "Confirmar", done: "Gracias, su dirección está confirmada." },
    reset: { title: "Elija una contraseña nueva", intro: "Se cerrará la sesión en todos sus dispositivos.", action: "Guardar la contraseña", done: "Su contraseña nueva está guardada. Ya puede iniciar sesión con ella." },
    forgot: { title: "¿Ha olvidado la contraseña?", intro: "Le enviamos un enlace para elegir una nueva.", action: "Enviar el enlace", done: "Si alguien tiene aquí esta dirección, el enlace está en camino." },
    change: { title: "Confirme su nueva dirección", intro: "Escriba su contraseña: su cuenta tendrá esta dirección y se cerrará la sesión en los demás dispositivos.", action: "Confirmar", done: "Gracias, esta es ahora su dirección." },
    undo: { title: "Deshacer el cambio de dirección", intro: "Su cuenta recupera la dirección anterior, se cierra la sesión en todos los dispositivos y la contraseña deja de servir.", action: "Deshacer el cambio", done: "Su dirección anterior está de vuelta. Le hemos enviado un enlace para elegir una contraseña nueva." },
    keep: { title: "Conserve su cuenta", intro: "Su cuenta no se borrará. La sesión sigue cerrada en sus dispositivos.", action: "Conservar la cuenta", done: "Su cuenta se conserva. Ya puede volver a iniciar sesión." },
    password: "Contraseña", address: "Correo electrónico",
    failures: { 400: "Este enlace ya no sirve. Pida otro.", 401: "La contraseña no es correcta.", 409: "Esta dirección pertenece ahora a otra cuenta.", 422: "No es posible: ", 429: "Demasiados intentos. Espere un poco." },
    broken: "No ha funcionado. Inténtelo más tarde.",
  },
};

const REQUESTS = {
  verify: (token, form) => ["/api/v1/auth/email/verify", { token, password: form.get("password") }],
  reset: (token, form) => ["/api/v1/auth/password/reset", { token, new_password: form.get("password") }],
  change: (token, form) => ["/api/v1/auth/email/change/confirm", { token, password: form.get("password") }],
  undo: (token) => ["/api/v1/auth/email/change/undo", { token }],
  keep: (token) => ["/api/v1/auth/erasure/undo", { token }],
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

// The token stands after `#`, which is not sent; it leaves the address bar, the history and whatever reads them.
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
history.replaceState(null, "", location.pathname);
// Another link to the page that is open already loads nothing by itself.
addEventListener("hashchange", () => location.reload());

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
