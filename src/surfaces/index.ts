export { apiAuth } from './api-auth/surface.js';
export { pages } from './pages/surface.js';
export { pictures } from './pictures/surface.js';
