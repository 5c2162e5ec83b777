// The divider: drag anywhere on the picture, or use the arrow keys on its range input.
for (const frame of document.querySelectorAll(".compare")) {
  const input = frame.querySelector("input");
  const place = () => frame.style.setProperty("--at", `${input.value}%`);
  const drag = (event) => {
    const box = frame.getBoundingClientRect();
    input.value = (100 * (event.clientX - box.left)) / box.width;
    place();
  };
  input.addEventListener("input", place);
  frame.addEventListener("pointerdown", (event) => {
    frame.setPointerCapture(event.pointerId);
    drag(event);
  });
  frame.addEventListener("pointermove", (event) => {
    if (frame.hasPointerCapture(event.pointerId)) drag(event);
  });
  place();
}
