// Reads a code with the phone's camera and sends it as if it had been typed. Nothing of the picture leaves the device.
"use strict";

(() => {
  const LOOK_EVERY_MILLISECONDS = 120;
  const SIDE_PIXELS_MAX = 640;
  const LIKE_A_CODE = /^[A-Za-z0-9 -]{8,64}$/;

  const form = document.getElementById("look");
  const field = document.getElementById("code");
  const scan = document.getElementById("scan");
  const stop = document.getElementById("stop");
  const camera = document.getElementById("camera");
  const picture = document.getElementById("picture");
  const says = document.getElementById("camera-says");

  if (!navigator.mediaDevices || !navigator.mediaDevices.getUserMedia) return;
  scan.hidden = false;

  let stream = null;

  // The browser's own reader where there is one, else the one that is served with this page.
  async function makeReader() {
    if ("BarcodeDetector" in window) {
      const formats = await BarcodeDetector.getSupportedFormats();
      if (formats.includes("qr_code")) {
        const detector = new BarcodeDetector({ formats: ["qr_code"] });
        return async () => ((await detector.detect(picture))[0] || {}).rawValue;
      }
    }
    await new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = camera.dataset.decoder;
      script.onload = resolve;
      script.onerror = reject;
      document.head.append(script);
    });
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });
    return async () => {
      const shrink = Math.min(1, SIDE_PIXELS_MAX / Math.max(picture.videoWidth, picture.videoHeight, 1));
      canvas.width = Math.round(picture.videoWidth * shrink);
      canvas.height = Math.round(picture.videoHeight * shrink);
      if (!canvas.width || !canvas.height) return undefined;
      context.drawImage(picture, 0, 0, canvas.width, canvas.height);
      const pixels = context.getImageData(0, 0, canvas.width, canvas.height);
      const found = jsQR(pixels.data, pixels.width, pixels.height, { inversionAttempts: "dontInvert" });
      return found ? found.data : undefined;
    };
  }

  function close() {
    if (stream) stream.getTracks().forEach((track) => track.stop());
    stream = null;
    picture.srcObject = null;
    camera.hidden = true;
    scan.hidden = false;
  }

  async function look(read) {
    const mine = stream;
    let last = "";
    while (mine && mine === stream) {
      const text = await read();
      if (mine !== stream) return;
      if (text && LIKE_A_CODE.test(text)) {
        close();
        field.value = text;
        form.requestSubmit(form.querySelector("[name=act]"));
        return;
      }
      if (text && text !== last) says.textContent = camera.dataset.other;
      last = text || last;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MILLISECONDS));
    }
  }

  async function open() {
    scan.hidden = true;
    camera.hidden = picture.hidden = stop.hidden = false;
    says.textContent = camera.dataset.starting;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment" } });
      picture.srcObject = stream;
      const read = await makeReader();
      if (!stream) return;
      await picture.play();
      says.textContent = camera.dataset.looking;
      stop.focus();
      await look(read);
    } catch {
      close();
      camera.hidden = false;
      picture.hidden = stop.hidden = true;
      says.textContent = camera.dataset.refused;
      field.focus();
    }
  }

  scan.addEventListener("click", open);
  stop.addEventListener("click", () => { close(); field.focus(); });
  window.addEventListener("pagehide", close);
})();
